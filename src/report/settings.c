/* How the run came to be: its settings, the data, the model, the machine. */
#include "report/page.h"

#include <inttypes.h>
#include <string.h>

enum { SAMPLED = 64 };

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

static void put_data(fv_text *t, const char *role, const fv_dataset *set, const char *name, size_t most) {
    uint64_t fingerprint;
    if (!set) return;
    fv_status status = fv_dataset_fingerprint(set, most, &fingerprint);
    if (status != FV_OK) t->status = status;
    if (status != FV_OK) return;
    fv_text_format(t, "<div><dt>%s</dt><dd>", role);
    fv_text_words(t, name ? name : fv_dataset_name(set));
    fv_text_add(t, ": ");
    fv_text_count(t, fv_dataset_count(set));
    fv_text_format(t, " images, %d classes<br><code>%016" PRIx64 "</code> of labels and ", fv_dataset_classes(set),
                   fingerprint);
    if (most && most < fv_dataset_count(set))
        fv_text_format(t, "the pixels of %zu images</dd></div>\n", most);
    else
        fv_text_add(t, "all pixels</dd></div>\n");
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
    const fv_report_args *args = page->args;
    put_config(t, page->config);
    fv_text_add(t, "<h3>Where it comes from</h3><dl>");
    put_data(t, "trained on", args->train, args->train_name, SAMPLED);
    put_data(t, "measured on", args->data, args->data_name, 0);
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
