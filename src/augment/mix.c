#include "augment/mix.h"

#include "core/random.h"
#include "core/threads.h"

#include <math.h>
#include <string.h>

enum { STRETCH = 256 }; /* floats of each image at a time */

/* Around a pixel anywhere, cut off at the borders, with sides in proportion to the image's. */
static fv_rectangle draw_rectangle(double area, int height, int width, fv_random *random) {
    int x = (int)fv_random_below(random, (uint32_t)width), y = (int)fv_random_below(random, (uint32_t)height);
    int dx = (int)(0.5 * sqrt(area) * width), dy = (int)(0.5 * sqrt(area) * height);
    fv_rectangle r = {.left = x < dx ? 0 : x - dx, .top = y < dy ? 0 : y - dy};
    r.width = (x + dx > width ? width : x + dx) - r.left;
    r.height = (y + dy > height ? height : y + dy) - r.top;
    return r;
}

fv_mix fv_mix_draw(double mixup, double cutmix, uint64_t seed, uint64_t epoch, size_t batch, int height, int width) {
    fv_random random = fv_random_stream(seed, epoch << 32 | (uint32_t)batch, FV_STREAM_MIX);
    fv_mix mix = {.cut = mixup > 0 && cutmix > 0 ? fv_random_below(&random, 2) : cutmix > 0};
    mix.share = fv_random_beta(&random, mix.cut ? cutmix : mixup);
    if (mix.cut) {
        mix.cutout = draw_rectangle(1 - mix.share, height, width, &random);
        mix.share = 1 - (double)mix.cutout.width * mix.cutout.height / ((double)width * height);
    }
    return mix;
}

/* `count` floats of each image, from x on, images `size` floats apart: own * the image's and rest * its neighbour's. */
static void blend(float *x, int n, size_t size, size_t count, float own, float rest) {
    float last[STRETCH];
    memcpy(last, x + (size_t)(n - 1) * size, count * sizeof *x);
    for (int i = n - 1; i >= 0; i--) {
        float *image = x + (size_t)i * size;
        const float *neighbour = i > 0 ? image - size : last;
        for (size_t k = 0; k < count; k++) image[k] = own * image[k] + rest * neighbour[k];
    }
}

void fv_mix_images(const fv_mix *mix, float *x, int n, int c, int h, int w, int thread, int nthreads) {
    const fv_rectangle all = {0, 0, w, h}, *r = mix->cut ? &mix->cutout : &all;
    const float own = mix->cut ? 0 : (float)mix->share, rest = mix->cut ? 1 : (float)(1 - mix->share);
    const size_t size = (size_t)c * (size_t)h * (size_t)w;
    int begin, end;
    fv_share(c * r->height, thread, nthreads, &begin, &end);
    for (int line = begin; line < end; line++) {
        size_t row = (size_t)(line / r->height) * (size_t)h + (size_t)(r->top + line % r->height);
        for (int at = 0; at < r->width; at += STRETCH)
            blend(x + row * (size_t)w + (size_t)(r->left + at), n, size,
                  (size_t)(r->width - at < STRETCH ? r->width - at : STRETCH), own, rest);
    }
}

void fv_mix_labels(const fv_mix *mix, const int *labels, int n, int classes, float *targets, int *strongest) {
    memset(targets, 0, (size_t)n * (size_t)classes * sizeof *targets);
    for (int i = 0; i < n; i++, targets += classes) {
        int neighbour = labels[i > 0 ? i - 1 : n - 1];
        targets[labels[i]] += (float)mix->share;
        targets[neighbour] += (float)(1 - mix->share);
        strongest[i] = mix->share >= 0.5 ? labels[i] : neighbour;
    }
}
