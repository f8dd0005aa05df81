/* How the run came to be: its settings, the data, the model, the machine. */
#include "report/page.h"

#include <inttypes.h>
#include <string.h>

static void put_line(fv_text *t, const char *line, size_t length) {
    const char *equals = memchr(line, '=', length);
    size_t key = equals ? (size_t)(equals - line) : length, skip = equals ? key + 1 : length;
    while (key > 0 && line[key - 1] == ' ') key--;
    while (skip < length && line[skip] == ' ') skip++;
    fv_text_add(t, "<div><dt>");
    fv_text_some(t, line, key);
    fv_text_add(t, "</dt><dd>");
    fv_text_some(t, line + skip, length - skip);
    fv_text_add(t, "</dd></div>\n");
}

static void put_config(fv_text *t, const char *config) {
    fv_text_add(t, "<h3>config.recipe</h3>");
    if (!config || !*config) {
        fv_text_add(t, "<p class=note>The run keeps no settings.</p>");
        return;
    }
    fv_text_add(t, "<dl class=settings>");
    for (const char *line = config; *line;) {
        size_t length = strcspn(line, "\n");
        if (length > 0) put_line(t, line, length);
        line += length + (line[length] == '\n');
    }
    fv_text_add(t, "</dl>\n");
}

static void put_set(fv_text *t, const char *role, const fv_dataset *set, const char *name) {
    fv_text_format(t, "<div><dt>%s</dt><dd>", role);
    fv_text_words(t, name ? name : fv_dataset_name(set));
    fv_text_add(t, ": ");
    fv_text_count(t, fv_dataset_count(set));
    fv_text_format(t, " images, %d classes", fv_dataset_classes(set));
}

/* `known`: the fingerprint, if it is not 0. */
static void put_fingerprint(fv_text *t, const fv_dataset *set, size_t most, uint64_t known) {
    fv_status status = known ? FV_OK : fv_dataset_fingerprint(set, most, &known);
    if (status != FV_OK) t->status = status;
    if (status != FV_OK) return;
    fv_text_format(t, "<br><code>%016" PRIx64 "</code> of labels and ", known);
    if (most && most < fv_dataset_count(set))
        fv_text_format(t, "the pixels of %zu images", most);
    else
        fv_text_add(t, "all pixels");
}

/* To find the fingerprint of all pixels takes a pass over the set: that is left to the end of the run. */
static void put_data(fv_text *t, const fv_report_args *args) {
    if (args->train) {
        put_set(t, "trained on", args->train, args->train_name);
        put_fingerprint(t, args->train, FV_REPORT_PIXELS, args->train_fingerprint);
        fv_text_add(t, "</dd></div>\n");
    }
    if (args->data) {
        put_set(t, args->refresh > 0 ? "validated on" : "measured on", args->data, args->data_name);
        if (args->refresh <= 0) put_fingerprint(t, args->data, 0, 0);
        fv_text_add(t, "</dd></div>\n");
    }
}

static void put_model(fv_text *t, const fv_page *page) {
    int c, h, w;
    if (!page->model) return;
    fv_model_input(page->model, &c, &h, &w);
    fv_text_format(t, "<div><dt>model</dt><dd>%s: ", page->model_file);
    fv_text_words(t, fv_model_network(page->model));
    fv_text_format(t, ", input %d×%d×%d, ", c, h, w);
    fv_text_count(t, fv_model_parameters(page->model));
    fv_text_add(t, " parameters, ");
    fv_text_count(t, fv_model_macs(page->model));
    fv_text_add(t, " multiply-accumulates an image</dd></div>\n");
}

void fv_put_settings(fv_text *t, const fv_page *page) {
    put_config(t, page->config);
    fv_text_add(t, "<h3>Where it comes from</h3><dl>");
    put_data(t, page->args);
    put_model(t, page);
    if (page->made_by) {
        fv_text_add(t, "<div><dt>trained by</dt><dd>");
        fv_text_words(t, page->made_by);
        if (page->threads) fv_text_format(t, ", %d thread%s", page->threads, page->threads == 1 ? "" : "s");
        fv_text_add(t, "</dd></div>\n");
    }
    fv_text_add(t, "<div><dt>this page by</dt><dd>");
    fv_text_words(t, fv_version());
#ifdef __clang__
    fv_text_add(t, ", compiled by " __VERSION__ "</dd></div></dl>\n");
#else
    fv_text_add(t, ", compiled by GCC " __VERSION__ "</dd></div></dl>\n");
#endif
}
