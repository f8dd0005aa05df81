/* ROC, and precision over recall: of two classes for the positive one, of more for each against the rest. */
#include "core/memory.h"
#include "metrics/curve.h"
#include "report/page.h"
#include "report/plot.h"

#include <math.h>
#include <stdio.h>

/* The points of both plots: [n + 1] each, from no image taken for the class to all of them. */
typedef struct ranking {
    size_t n;
    double *false_alarms, *found, *precision;
    double share; /* of the class among the images: the precision of chance */
    fv_measure area[2];
} ranking;

static void free_ranking(ranking *r) {
    fv_free(r->false_alarms);
    *r = (ranking){0};
}

static fv_status fill(const fv_curve *c, ranking *r) {
    size_t all = c->n + 1, right = 0, wrong = 0;
    r->false_alarms = fv_alloc(all, 3 * sizeof(double));
    if (!r->false_alarms) return FV_NO_MEMORY;
    r->found = r->false_alarms + all;
    r->precision = r->found + all;
    r->precision[0] = 1;
    for (size_t i = 0; i < c->n; i++) {
        right += c->ties[i].positives, wrong += c->ties[i].negatives;
        r->false_alarms[i + 1] = (double)wrong / (double)c->negatives;
        r->found[i + 1] = (double)right / (double)c->positives;
        r->precision[i + 1] = (double)right / (double)(right + wrong);
    }
    r->precision[0] = r->precision[1];
    r->n = all;
    r->share = (double)c->positives / (double)(c->positives + c->negatives);
    return FV_OK;
}

/* n stays 0 where the class has no image, or no other has. */
static fv_status rank(const fv_answers *a, int i, ranking *r) {
    const float *scores = a->scores + (size_t)i * a->room;
    int c = fv_curve_class(a, i);
    fv_curve curve;
    *r = (ranking){0};
    FV_TRY(fv_curve_make(scores, a->labels, a->n, c, &curve));
    fv_status status = curve.undefined ? FV_OK : fill(&curve, r);
    fv_curve_free(&curve);
    if (status == FV_OK) status = fv_roc_auc(scores, a->labels, a->n, c, &r->area[0]);
    return status == FV_OK ? fv_average_precision(scores, a->labels, a->n, c, &r->area[1]) : status;
}

/* Both axes from 0 to 1. */
static fv_plot unit_plot(const char *id, const char *title, const char *x_title, const char *description) {
    const fv_axis_range unit = {0, 1, 0.25};
    return (fv_plot){.id = id,
                     .title = title,
                     .x_title = x_title,
                     .description = description,
                     .width = 400,
                     .height = 360,
                     .right = 14,
                     .x = unit,
                     .y = unit,
                     .mark = {.x = NAN}};
}

static void put_plots(fv_text *t, const fv_page *page, const ranking *r, const char *const styles[]) {
    const fv_answers *a = &page->answers;
    const fv_measures *m = &a->measures;
    bool single = a->curves == 1;
    char words[2][200];
    snprintf(words[0], sizeof words[0],
             single ? "Sensitivity over false alarms; area %.4f." : "Each class against the rest; least area %.4f.",
             r[0].area[0].value);
    snprintf(words[1], sizeof words[1],
             single ? "Precision over recall; area %.4f." : "Precision over recall of each class.", r[0].area[1].value);
    fv_plot roc = unit_plot("roc", "ROC: <span>found, over false alarms</span>", "1 − specificity", words[0]);
    fv_plot pr = unit_plot("pr", "Precision <span>over recall</span>", "recall", words[1]);
    roc.base[2] = roc.base[3] = 1;
    for (int i = a->curves - 1; i >= 0; i--) {
        if (r[i].n == 0) continue;
        roc.series[roc.n++] = (fv_series){NULL, styles[i], r[i].false_alarms, r[i].found, r[i].n, 1};
        pr.series[pr.n++] = (fv_series){NULL, styles[i], r[i].found, r[i].precision, r[i].n, 1};
    }
    char threshold[48];
    snprintf(threshold, sizeof threshold, "threshold %.3g", (double)fv_model_threshold(page->model));
    if (single && !m->sensitivity.undefined && !m->specificity.undefined) {
        const fv_class_measures *yes = &m->of_class[m->positive];
        roc.mark = (fv_mark){1 - m->specificity.value, m->sensitivity.value, threshold, m->specificity.value < 0.5};
        pr.mark = (fv_mark){yes->recall.value, yes->precision.value, threshold, true};
        pr.mark.left = yes->recall.value > 0.5;
        if (yes->precision.undefined) pr.mark.x = NAN;
        pr.base[1] = pr.base[3] = r[0].share, pr.base[2] = 1;
    }
    fv_plot_put(t, &roc);
    fv_plot_put(t, &pr);
}

static void put_area(fv_text *t, const char *name, const fv_measure *m) {
    fv_text_format(t, "<div class=figure><b>%.4f</b><span>%s</span>", m->value, name);
    if (!isnan(m->low)) fv_text_format(t, "<small>%.4f – %.4f</small>", m->low, m->high);
    fv_text_add(t, "</div>");
}

static void put_words(fv_text *t, const fv_page *page, const ranking *r, int worst) {
    fv_text_add(t, "<div class=beside>");
    if (page->answers.curves == 1) {
        put_area(t, "area under ROC", &r[0].area[0]);
        put_area(t, "area under precision over recall", &r[0].area[1]);
        fv_text_add(t, "<p class=note>Dashed: chance. The ring is the stored threshold.</p>");
    } else {
        put_area(t, "the least area under ROC", &r[worst].area[0]);
        fv_text_add(t, "<p class=note><span class=\"key b\"></span>");
        fv_page_class(t, page, worst);
        fv_text_add(
            t,
            " is told from the rest the least.</p><p class=note><span class=\"key a\"></span>The other classes, each "
            "against the rest; their areas stand in the table above. Dashed, in ROC: chance.</p>");
    }
    fv_text_add(t, "</div>");
}

/* The class with the least area; -1: none has one. */
static int find_worst(const ranking *r, int n) {
    int worst = -1;
    for (int i = 0; i < n; i++)
        if (r[i].n && (worst < 0 || r[i].area[0].value < r[worst].area[0].value)) worst = i;
    return worst;
}

void fv_put_ranking(fv_text *t, const fv_page *page) {
    const fv_answers *a = &page->answers;
    ranking r[FV_MOST_CURVES] = {{0}};
    const char *styles[FV_MOST_CURVES];
    fv_status status = FV_OK;
    for (int i = 0; i < a->curves && status == FV_OK; i++) status = rank(a, i, &r[i]);
    int worst = find_worst(r, a->curves);
    for (int i = 0; i < a->curves; i++) styles[i] = a->curves == 1 ? "a" : i == worst ? "b" : "a faint";
    if (status != FV_OK) t->status = status;
    fv_text_add(t, "<div class=plots>");
    if (worst >= 0) put_plots(t, page, r, styles), put_words(t, page, r, worst);
    fv_text_add(t, "</div>");
    if (worst < 0 && a->curves) fv_text_add(t, "<p class=note>Undefined: a class has no image.</p>");
    if (!a->curves) fv_text_format(t, "<p class=note>Drawn up to %d classes.</p>", FV_MOST_CURVES);
    for (int i = 0; i < a->curves; i++) free_ranking(&r[i]);
}
