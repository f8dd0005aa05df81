/* What the images of each class are taken for: a matrix, and of more than a few classes the pairs that are
 * confused most. */
#include "report/page.h"

#include <math.h>

enum { WIDEST_MATRIX = 20, PAIRS = 10, FEW = 3 };

static size_t count_at(const fv_measures *m, int label, int predicted) {
    return m->confusion[(size_t)label * (size_t)m->classes + (size_t)predicted];
}

/* Shaded by the share of the row; the root lets single mistakes be seen. */
static void put_cell(fv_text *t, const fv_measures *m, int label, int predicted) {
    size_t count = count_at(m, label, predicted), of = m->of_class[label].support;
    double share = of ? (double)count / (double)of : 0, shade = label == predicted ? share : sqrt(share);
    fv_text_format(t, "<td class=\"%s%s\" style=\"--s:%.2f\" title=\"%.1f %% of the row\">%zu</td>",
                   label == predicted ? "right" : "wrong",
                   shade > 0.55 ? " deep"
                   : count      ? ""
                                : " none",
                   shade, 100 * share, count);
}

static void put_matrix(fv_text *t, const fv_page *page) {
    const fv_measures *m = &page->answers.measures;
    fv_text_format(
        t,
        "<div class=scroll><table class=\"matrix%s\"><thead><tr><td><span class=corner>true ↓ &nbsp; taken for →"
        "</span></td>",
        m->classes > FEW ? " many" : "");
    for (int c = 0; c < m->classes; c++) {
        fv_text_add(t, "<th scope=col><span>");
        fv_page_class(t, page, c);
        fv_text_add(t, "</span></th>");
    }
    fv_text_add(t, "</tr></thead><tbody>\n");
    for (int label = 0; label < m->classes; label++) {
        fv_text_add(t, "<tr><th scope=row>");
        fv_page_class(t, page, label);
        fv_text_add(t, "</th>");
        for (int c = 0; c < m->classes; c++) put_cell(t, m, label, c);
        fv_text_add(t, "</tr>\n");
    }
    fv_text_add(t, "</tbody></table></div>\n");
}

/* The pair with most mistakes among those with fewer than `below`, or as many and behind `after`; -1: there is none. */
static long next_pair(const fv_measures *m, size_t below, long after) {
    long best = -1, pairs = (long)m->classes * m->classes;
    for (long i = 0; i < pairs; i++) {
        size_t count = m->confusion[i];
        bool left = count < below || (count == below && i > after);
        if (left && i % (m->classes + 1) && count > (best < 0 ? 0 : m->confusion[best])) best = i;
    }
    return best;
}

static void put_pairs(fv_text *t, const fv_page *page) {
    const fv_measures *m = &page->answers.measures;
    size_t below = SIZE_MAX;
    long pair = -1;
    fv_text_add(
        t,
        "<div class=scroll><table><caption>The pairs that are confused most</caption><thead><tr>"
        "<th scope=col>is</th><th scope=col class=words>taken for</th><th scope=col>images</th></tr></thead><tbody>\n");
    for (int n = 0; n < PAIRS && (pair = next_pair(m, below, pair)) >= 0; n++) {
        below = m->confusion[pair];
        fv_text_add(t, "<tr><th scope=row>");
        fv_page_class(t, page, (int)(pair / m->classes));
        fv_text_add(t, "</th><td class=words>");
        fv_page_class(t, page, (int)(pair % m->classes));
        fv_text_format(t, "</td><td>%zu</td></tr>\n", below);
    }
    fv_text_add(t, "</tbody></table></div>\n");
}

void fv_put_confusion(fv_text *t, const fv_page *page) {
    const fv_measures *m = &page->answers.measures;
    if (!m->confusion) fv_text_format(t, "<p class=note>%d classes: too many for a matrix.</p>", m->classes);
    fv_text_add(t, "<div class=pair>");
    if (m->confusion && m->classes <= WIDEST_MATRIX) put_matrix(t, page);
    if (m->confusion && m->classes > FEW) put_pairs(t, page);
    fv_text_add(t, "</div>\n");
}
