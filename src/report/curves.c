/* Loss, accuracy and learning rate by epoch. */
#include "report/page.h"
#include "report/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A plot of one or two keys of the history. */
typedef struct curves {
    const char *id, *title;
    fv_history_key keys[2]; /* training, validation; equal: one curve without a name */
    bool fraction;          /* from 0 to 1 */
} curves;

static const curves plots[] = {
    {"loss", "Loss", {FV_LOSS, FV_VAL_LOSS}, false},
    {"accuracy", "Accuracy, top-1", {FV_TOP1, FV_VAL_TOP1}, true},
    {"rate", "Learning rate", {FV_RATE, FV_RATE}, false},
};
enum { PLOTS = sizeof plots / sizeof *plots };

static void widen(double *low, double *high, double value) {
    *low = fmin(*low, value); /* which passes over NAN */
    *high = fmax(*high, value);
}

/* True if there is a number at all. */
static bool find_range(const fv_history *h, const fv_history_key keys[2], double *low, double *high) {
    *low = INFINITY, *high = -INFINITY;
    for (size_t i = 0; i < h->n; i++)
        for (int k = 0; k < 2; k++) widen(low, high, h->rows[i][keys[k]]);
    return *low <= *high;
}

/* From 0 on where that leaves the curve its shape. */
static fv_axis_range y_axis(const curves *c, double low, double high) {
    if (!c->fraction && low > 0 && low < 0.4 * high) low = 0;
    fv_axis_range y = fv_axis_round(low, high, 5, false, true);
    if (c->fraction) y.low = fmax(y.low, 0), y.high = fmin(y.high, 1);
    return y.high > y.low ? y : fv_axis_round(0, 1, 5, false, true);
}

/* The model's epoch, on the curve of validation. */
static fv_mark best_mark(const fv_page *page, fv_history_key key) {
    const fv_history *h = &page->history;
    for (size_t i = 0; i < h->n && page->best_epoch; i++)
        if (h->rows[i][FV_EPOCH] == page->best_epoch) return (fv_mark){.x = h->rows[i][FV_EPOCH], .y = h->rows[i][key]};
    return (fv_mark){.x = NAN};
}

static void describe(const curves *c, const fv_history *h, char *text, size_t size) {
    snprintf(text, size, "%s by epoch: %.5g at the end%s", c->title, fv_history_last(h, c->keys[0]),
             c->keys[0] == c->keys[1] ? "." : " in training");
    if (c->keys[0] == c->keys[1]) return;
    double validation = fv_history_last(h, c->keys[1]);
    size_t used = strnlen(text, size);
    if (isnan(validation))
        snprintf(text + used, size - used, ".");
    else
        snprintf(text + used, size - used, ", %.5g in validation.", validation);
}

static void put_plot(fv_text *t, const fv_page *page, const curves *c) {
    static const char *const names[2] = {"training", "validation"}, *const styles[2] = {"a", "b"};
    const fv_history *h = &page->history;
    static const fv_history_key epochs[2] = {FV_EPOCH, FV_EPOCH};
    double low, high, first, last;
    char description[192];
    if (!find_range(h, c->keys, &low, &high) || !find_range(h, epochs, &first, &last)) return;
    describe(c, h, description, sizeof description);
    fv_plot p = {.id = c->id,
                 .title = c->title,
                 .x_title = "epoch",
                 .description = description,
                 .width = 400,
                 .height = 250,
                 .right = 74,
                 .x = fv_axis_round(first, last, 6, true, false),
                 .y = y_axis(c, low, high),
                 .mark = best_mark(page, c->keys[1]),
                 .read = {"epoch", c->title}};
    bool single = c->keys[0] == c->keys[1];
    if (single) p.mark.x = NAN, p.right = 16;
    for (; p.n < (single ? 1 : 2); p.n++)
        p.series[p.n] = (fv_series){single ? NULL : names[p.n], styles[p.n], &h->rows[0][FV_EPOCH],
                                    &h->rows[0][c->keys[p.n]],  h->n,        FV_HISTORY_KEYS};
    fv_plot_put(t, &p);
}

void fv_put_curves(fv_text *t, const fv_page *page) {
    const fv_history *h = &page->history;
    if (h->n == 0) fv_text_add(t, "<p class=note>No epoch has ended yet.</p>");
    fv_text_add(t, "<div class=plots>");
    for (int i = 0; i < PLOTS; i++) put_plot(t, page, &plots[i]);
    fv_text_add(t, "</div>");
    if (page->best_epoch && h->n)
        fv_text_format(t, "<p class=note>The ring marks epoch %d, which %s is of.</p>", page->best_epoch,
                       page->model_file);
    if (h->damaged)
        fv_text_format(
            t, "<p class=note>%zu line%s of metrics.jsonl cannot be read and %s a gap; the first is line %zu.</p>",
            h->damaged, h->damaged == 1 ? "" : "s", h->damaged == 1 ? "is" : "are", h->first_damaged);
}
