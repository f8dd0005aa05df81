/* Worst mistakes and surest hits. */
#include "report/page.h"
#include "report/thumbnail.h"

enum { TINY = 64 }; /* pixels: smaller pictures show theirs as squares */

static void put_name(fv_text *t, const fv_dataset *set, size_t index) {
    const char *path = fv_dataset_path(set, index);
    if (path)
        fv_text_words(t, path);
    else
        fv_text_format(t, "image %zu", index);
}

/* What is, and what is said. */
static void put_caption(fv_text *t, const fv_page *page, const fv_shown *s) {
    fv_text_add(t, "<figcaption><b>");
    fv_page_class(t, page, s->predicted);
    fv_text_format(t, "</b> <span class=number>%.4f</span>", (double)s->probability);
    if (s->predicted != s->label) {
        fv_text_add(t, "<span class=truth>is ");
        fv_page_class(t, page, s->label);
        fv_text_format(t, " <span class=number>%.4f</span></span>", (double)s->truth);
    }
    fv_text_add(t, "<small>");
    put_name(t, page->args->data, s->index);
    fv_text_add(t, "</small></figcaption>");
}

/* The frame may hold several pictures of one size, one upon the other: an explanation's map goes upon the image. */
static void put_picture(fv_text *t, const fv_page *page, const fv_shown *s) {
    const fv_model *model = page->model;
    int side;
    fv_text_add(t, "<figure class=picture><div class=frame><img alt=\"");
    put_name(t, page->args->data, s->index);
    fv_text_add(t, ": ");
    fv_text_words(t, fv_model_class_name(model, s->label));
    fv_text_add(t, ", taken for ");
    fv_text_words(t, fv_model_class_name(model, s->predicted));
    fv_text_add(t, "\" src=\"");
    fv_status status = fv_thumbnail_put(t, page->args->data, s->index, &side);
    if (status == FV_NO_MEMORY) t->status = status;
    fv_text_add(t, side < TINY ? "\" class=tiny></div>" : "\"></div>");
    put_caption(t, page, s);
    fv_text_add(t, "</figure>\n");
}

static void put_showing(fv_text *t, const fv_page *page, const char *title, const char *none,
                        const fv_showing *showing) {
    fv_text_format(t, "<h3>%s</h3><div class=pictures>", title);
    for (int i = 0; i < showing->n; i++) put_picture(t, page, &showing->at[i]);
    if (!showing->n) fv_text_format(t, "<p class=note>%s</p>", none);
    fv_text_add(t, "</div>\n");
}

void fv_put_pictures(fv_text *t, const fv_page *page) {
    put_showing(t, page, "Worst mistakes <span>wrong, and the surest of it</span>", "There is none.",
                &page->answers.mistakes);
    put_showing(t, page, "Surest hits", "There is none.", &page->answers.hits);
}
