#include "data/survey.h"

#include "core/memory.h"
#include "data/dataset.h"

#include <stdatomic.h>
#include <stdlib.h>

/* The work of a team: each thread takes the next image until there is none, or memory has run out. */
typedef struct work {
    const fv_dataset *dataset;
    uint32_t *sizes; /* [count] width << 16 | height; 0: cannot be read */
    atomic_size_t next;
    atomic_bool failed;
} work;

static void measure(void *context, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    work *w = context;
    for (size_t i; !w->failed && (i = atomic_fetch_add(&w->next, 1)) < w->dataset->count;) {
        fv_image image = {0};
        int label;
        fv_status status = w->dataset->kind->read(w->dataset, i, NULL, &image, &label);
        if (status == FV_NO_MEMORY) w->failed = true;
        if (status == FV_OK) w->sizes[i] = (uint32_t)image.width << 16 | (uint32_t)image.height;
        fv_image_free(&image);
    }
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void widen(int *least, int *most, int value) {
    if (value < *least || *least == 0) *least = value;
    if (value > *most) *most = value;
}

static void sum_up(uint32_t *sizes, size_t count, fv_survey *s) {
    size_t run = 0;
    qsort(sizes, count, sizeof *sizes, by_size);
    for (size_t i = 0; i < count; i++) {
        int width = (int)(sizes[i] >> 16), height = (int)(sizes[i] & 0xffff);
        if (!sizes[i]) continue;
        s->readable++;
        widen(&s->least_width, &s->most_width, width);
        widen(&s->least_height, &s->most_height, height);
        run = i && sizes[i] == sizes[i - 1] ? run + 1 : 1;
        if (run > s->common) s->common = run, s->width = width, s->height = height;
    }
}

fv_status fv_dataset_survey(const fv_dataset *dataset, fv_team *team, fv_survey *survey) {
    *survey = (fv_survey){0};
    work w = {.dataset = dataset, .sizes = FV_NEW_N(uint32_t, dataset->count)};
    if (!w.sizes) return FV_NO_MEMORY;
    fv_team_run(team, measure, &w);
    if (!w.failed) sum_up(w.sizes, dataset->count, survey);
    fv_free(w.sizes);
    return w.failed ? fv_fail(FV_NO_MEMORY, "out of memory while reading the images of %s", dataset->kind->name)
                    : FV_OK;
}
