/* Worst mistakes and surest hits, and what in them spoke for the answer. */
#include "data/dataset.h"
#include "explain/explain.h"
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

static void put_image(fv_text *t, const fv_image *image) {
    bool tiny = image->width < TINY && image->height < TINY;
    fv_status status = fv_thumbnail_put(t, image);
    if (status == FV_NO_MEMORY) t->status = status;
    fv_text_add(t, tiny ? "\" class=tiny>" : "\">");
}

/* The same picture with Grad-CAM's map of the answer over it, which lies upon the first until it is asked for. */
static fv_status put_map(fv_text *t, fv_explainer *explainer, const fv_image *image, const fv_image *small, int label) {
    fv_explanation why;
    fv_image over = {0};
    FV_TRY(fv_explain_image(explainer, image, label, &why));
    FV_TRY(fv_overlay(&why, small, &(fv_overlay_args){0}, 0, &over));
    fv_text_add(t, "<span class=map><img alt=\"what in it spoke for the answer\" src=\"");
    put_image(t, &over);
    fv_text_add(t, "</span>");
    fv_image_free(&over);
    return FV_OK;
}

/* A file that can no longer be read leaves its words. */
static fv_status put_images(fv_text *t, const fv_page *page, fv_explainer *explainer, const fv_shown *s) {
    fv_image image = {0}, small = {0};
    int label;
    fv_status status = fv_dataset_read(page->args->data, s->index, NULL, &image, &label);
    if (status == FV_OK) status = fv_thumbnail_make(&image, &small);
    if (status == FV_OK)
        put_image(t, &small);
    else
        fv_text_add(t, "\">");
    if (status == FV_OK && explainer) status = put_map(t, explainer, &image, &small, s->predicted);
    fv_image_free(&small);
    fv_image_free(&image);
    return status;
}

static void put_picture(fv_text *t, const fv_page *page, fv_explainer *explainer, const fv_shown *s) {
    const fv_model *model = page->model;
    fv_text_add(t, "<figure class=picture><div class=frame><img alt=\"");
    put_name(t, page->args->data, s->index);
    fv_text_add(t, ": ");
    fv_text_words(t, fv_model_class_name(model, s->label));
    fv_text_add(t, ", taken for ");
    fv_text_words(t, fv_model_class_name(model, s->predicted));
    fv_text_add(t, "\" src=\"");
    fv_status status = put_images(t, page, explainer, s);
    if (status == FV_NO_MEMORY) t->status = status;
    fv_text_add(t, "</div>");
    put_caption(t, page, s);
    fv_text_add(t, "</figure>\n");
}

static void put_showing(fv_text *t, const fv_page *page, fv_explainer *explainer, const char *title,
                        const fv_showing *showing) {
    fv_text_format(t, "<h3>%s</h3><div class=pictures>", title);
    for (int i = 0; i < showing->n; i++) put_picture(t, page, explainer, &showing->at[i]);
    if (!showing->n) fv_text_add(t, "<p class=note>There is none.</p>");
    fv_text_add(t, "</div>\n");
}

/* A network without maps, such as one of linear layers alone, has no explainer. */
void fv_put_pictures(fv_text *t, const fv_page *page) {
    fv_explainer *explainer = fv_explainer_new(page->model, .threads = page->args->threads);
    if (!explainer && fv_last_status() == FV_NO_MEMORY) t->status = FV_NO_MEMORY;
    if (explainer)
        fv_text_add(t, "<label class=note><input type=checkbox class=maps> show what in a picture spoke for the answer "
                       "(Grad-CAM); pointing at a picture shows it, too</label>");
    put_showing(t, page, explainer, "Worst mistakes <span>wrong, and the surest of it</span>", &page->answers.mistakes);
    put_showing(t, page, explainer, "Surest hits", &page->answers.hits);
    fv_explainer_free(explainer);
}
