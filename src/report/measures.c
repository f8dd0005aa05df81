/* The measures of all images, with their intervals, and of each class. */
#include "core/memory.h"
#include "metrics/metrics.h"
#include "report/page.h"

#include <math.h>

/* ---- Cells ------------------------------------------------------------------------------------------------------------ */

static void put_number(fv_text *t, const fv_measure *m) {
    fv_text_add(t, "<td>");
    if (m->undefined) {
        fv_text_add(t, "<span title=\"");
        fv_text_words(t, m->undefined);
        fv_text_add(t, "\">–</span>");
    } else
        fv_text_format(t, "%.4f", m->value);
    fv_text_add(t, "</td>");
}

/* From 0 to 1, the interval as a line with a dot. */
static void put_whisker(fv_text *t, const fv_measure *m) {
    fv_text_format(t,
                   "<td class=whisker><svg viewBox=\"-4 0 128 12\" aria-hidden=true><path class=rail d=\"M0 6H120\"/>"
                   "<path class=span d=\"M%.1f 6H%.1f\"/><circle cx=%.1f cy=6 r=3.5 /></svg></td>",
                   120 * m->low, 120 * m->high, 120 * m->value);
}

static void put_row(fv_text *t, const char *name, const fv_measure *m) {
    fv_text_format(t, "<tr><th scope=row>%s</th>", name);
    put_number(t, m);
    if (m->undefined) {
        fv_text_add(t, "<td colspan=2 class=why>");
        fv_text_words(t, m->undefined);
        fv_text_add(t, "</td>");
    } else if (isnan(m->low))
        fv_text_add(t, "<td></td><td class=whisker></td>");
    else {
        fv_text_format(t, "<td>%.4f – %.4f</td>", m->low, m->high);
        put_whisker(t, m);
    }
    fv_text_add(t, "</tr>\n");
}

/* ---- Of all images ---------------------------------------------------------------------------------------------------- */

static void put_tops(fv_text *t, const fv_evaluation *e) {
    static const char *const names[] = {"top-1", "top-2", "top-3", "top-4", "top-5"};
    for (int j = 0; j < FV_TOPK; j++) {
        if (e->k[j] <= 1 || e->k[j] > 5) continue; /* the shares of others are NAN */
        fv_measure share = fv_proportion((size_t)(e->topk[j] * (double)e->n + 0.5), e->n);
        put_row(t, names[e->k[j] - 1], &share);
    }
}

static void put_overall(fv_text *t, const fv_page *page) {
    const fv_measures *m = &page->answers.measures;
    fv_text_add(
        t, "<table class=overall><caption>All images</caption><thead><tr><th scope=col>measure</th><th "
           "scope=col>value</th>"
           "<th scope=col>95 % interval</th><th class=whisker scope=col><span class=ends><i>0</i><i>1</i></span></th>"
           "</tr></thead><tbody>\n");
    put_row(t, "top-1", &m->accuracy);
    put_tops(t, &page->answers.evaluation);
    if (m->positive >= 0) {
        put_row(t, "AUC (ROC)", &m->roc_auc);
        put_row(t, "PR AUC", &m->average_precision);
        put_row(t, "sensitivity", &m->sensitivity);
        put_row(t, "specificity", &m->specificity);
    }
    fv_text_format(t, "<tr><th scope=row>loss</th><td>%.4f</td><td></td><td class=whisker></td></tr></tbody></table>\n",
                   page->answers.evaluation.loss);
}

/* ---- Of each class ---------------------------------------------------------------------------------------------------- */

static void put_area(fv_text *t, const fv_answers *a, int c) {
    fv_measure auc;
    fv_status status = fv_roc_auc(a->scores + (size_t)c * a->room, a->labels, a->n, c, &auc);
    if (status == FV_OK)
        put_number(t, &auc);
    else
        t->status = status;
}

static void put_rates(fv_text *t, const fv_measure *precision, const fv_measure *recall, const fv_measure *f1) {
    put_number(t, precision);
    put_number(t, recall);
    put_number(t, f1);
}

static void put_class(fv_text *t, const fv_page *page, int c) {
    const fv_class_measures *m = &page->answers.measures.of_class[c];
    fv_text_add(t, "<tr><th scope=row>");
    fv_page_class(t, page, c);
    fv_text_add(t, "</th>");
    put_rates(t, &m->precision, &m->recall, &m->f1);
    if (page->answers.curves > 1) put_area(t, &page->answers, c);
    fv_text_add(t, "<td>");
    fv_text_count(t, m->support);
    fv_text_add(t, "</td></tr>\n");
}

static void put_mean(fv_text *t, const fv_page *page, const char *name, const fv_averages *a) {
    fv_text_format(t, "<tr><th scope=row>%s</th>", name);
    put_rates(t, &a->precision, &a->recall, &a->f1);
    fv_text_add(t, page->answers.curves > 1 ? "<td></td><td>" : "<td>");
    fv_text_count(t, page->answers.measures.n);
    fv_text_add(t, "</td></tr>\n");
}

void fv_put_measures(fv_text *t, const fv_page *page) {
    const fv_measures *m = &page->answers.measures;
    fv_text_add(t, "<div class=tables><div>");
    put_overall(t, page);
    if (m->positive >= 0) {
        fv_text_add(t, "<p class=note>Positive: ");
        fv_page_class(t, page, m->positive);
        fv_text_format(t, ", from a probability of %.4g on.</p>", (double)fv_model_threshold(page->model));
    }
    fv_text_add(
        t, "<p class=note>Intervals: Wilson’s for shares, DeLong’s for the area under ROC, the logit one for PR.</p>"
           "</div><div class=scroll><table><caption>Each class</caption><thead><tr><th scope=col>class</th>"
           "<th scope=col>precision</th><th scope=col>recall</th><th scope=col>F1</th>");
    fv_text_add(t, page->answers.curves > 1 ? "<th scope=col>AUC</th>" : "");
    fv_text_add(t, "<th scope=col>images</th></tr></thead><tbody>\n");
    for (int c = 0; c < m->classes; c++) put_class(t, page, c);
    fv_text_add(t, "</tbody><tfoot>");
    put_mean(t, page, "mean", &m->macro);
    put_mean(t, page, "weighted", &m->weighted);
    fv_text_add(t, "</tfoot></table></div></div>\n");
}
