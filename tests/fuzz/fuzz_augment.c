/* Lists of transforms: read, or refused with one line; what is read draws maps of finite numbers. */
#include "augment/augment.h"
#include "fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *text = malloc(count + 1);
    if (!text) abort();
    memcpy(text, bytes, count);
    text[count] = '\0';
    fv_augment augment;
    if (fv_augment_parse(text, &augment) != FV_OK) {
        if (fv_error()[0] == '\0' || strchr(fv_error(), '\n')) abort();
    } else {
        fv_distortion d = fv_augment_draw(&augment, 1, 2, count, &(fv_frame){24, 20, 50, 70});
        for (int i = 0; i < 6; i++)
            if (!isfinite(d.view.m[i / 3][i % 3])) abort();
        if (d.steps > FV_COLOR_STEPS || d.erased > FV_COLOR_STEPS) abort();
        for (const fv_rectangle *r = d.erase; r < d.erase + d.erased; r++)
            if (r->left < 0 || r->top < 0 || r->left + r->width > 24 || r->top + r->height > 20) abort();
        if (!(fv_augment_zoom(&augment) >= 1)) abort();
    }
    free(text);
    return 0;
}
