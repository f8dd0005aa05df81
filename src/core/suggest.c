#include "core/suggest.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 47 }; /* names longer than this are nobody's typing error */

static int min(int a, int b) { return a < b ? a : b; }

/* Edit distance with swaps of neighbours (optimal string alignment): row i holds the cost of turning a's first i letters
 * into each prefix of b; a swap reaches two rows back. */
static int distance(const char *a, int na, const char *b, int nb) {
    int rows[3][LONGEST + 1];
    for (int j = 0; j <= nb; j++) rows[0][j] = j;
    for (int i = 1; i <= na; i++) {
        int *row = rows[i % 3];
        const int *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= nb; j++) {
            row[j] = min(up[j - 1] + (a[i - 1] != b[j - 1]), 1 + min(up[j], row[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = min(row[j], up2[j - 2] + 1);
        }
    }
    return rows[na % 3][nb];
}

const char *fv_suggest(const char *word, const char *const *names, size_t n) {
    size_t length = strlen(word);
    if (length == 0 || length > LONGEST) return NULL;
    int best = ((int)length + 2) / 3 + 1;
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(names[i]);
        if (other > LONGEST) continue;
        int d = distance(word, (int)length, names[i], (int)other);
        if (d < best) best = d, found = names[i];
    }
    return found;
}

fv_status fv_fail_unknown(const char *what, const char *word, const char *const *names, size_t n) {
    const char *near = fv_suggest(word, names, n);
    if (near) return fv_fail(FV_BAD_ARGUMENT, "no %s named \"%s\": did you mean \"%s\"?", what, word, near);
    if (n == 0) return fv_fail(FV_BAD_ARGUMENT, "no %s named \"%s\": there are none", what, word);
    char list[512] = "", more[40] = "";
    size_t used = 0, i = 0;
    for (; i < n && used + strlen(names[i]) + 3 < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    if (i < n) snprintf(more, sizeof more, " and %zu more", n - i);
    return fv_fail(FV_BAD_ARGUMENT, "no %s named \"%s\": there are %s%s", what, word, list, more);
}
