/* What a whitened layer answers to its images: uncorrelated, of variance 1, each direction once and once negative. */
#include "core/memory.h"
#include "support/unit.h"

#include "fovea/train.h"

#include <math.h>
#include <string.h>

enum { SIDE = 8, COUNT = 200, N = 12 /* numbers of a 2x2 patch of three channels */ };

static uint8_t pixels[COUNT][SIDE][SIDE][3];
static int labels[COUNT];

/* Neighbours and channels that resemble each other, as in photographs: a plane, and noise. */
static fv_dataset *smooth_pictures(void) {
    uint32_t noise = 1;
    for (int i = 0; i < COUNT; i++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                for (int c = 0; c < 3; c++) {
                    noise = noise * 1664525u + 1013904223u;
                    pixels[i][y][x][c] =
                        (uint8_t)(60 + i % 17 * 5 + x * (i % 5) + y * (i % 7) + (int)(noise >> 27) * (c + 1) / 2);
                }
    fv_dataset *set = fv_dataset_from_memory(&pixels[0][0][0][0], labels, COUNT, 3, SIDE, SIDE, 2, NULL);
    assert_non_null(set);
    return set;
}

static fv_model *network(int filters, int kernel, int groups) {
    fv_graph *g = fv_graph_new("small");
    fv_value *x = fv_conv2d(fv_input(g, 3, SIDE, SIDE), "first", filters, kernel, .groups = groups);
    x = fv_conv2d(fv_relu(x), "second", 4, 3);
    fv_model *model = fv_model_new(fv_linear(fv_flatten(x), "fc", 2));
    if (!model) fail_msg("%s", fv_error());
    return model;
}

/* The covariance of filters f and g over all patches, pixels being in 0..1. */
static double covariance(const float *weight, int f, int g) {
    double sum[2] = {0}, product = 0, count = 0;
    for (int i = 0; i < COUNT; i++)
        for (int y = 0; y + 1 < SIDE; y++)
            for (int x = 0; x + 1 < SIDE; x++, count++) {
                double answer[2] = {0};
                for (int which = 0; which < 2; which++)
                    for (int k = 0; k < N; k++)
                        answer[which] +=
                            (double)weight[(which ? g : f) * N + k] * pixels[i][y + k / 2 % 2][x + k % 2][k / 4] / 255;
                for (int which = 0; which < 2; which++) sum[which] += answer[which];
                product += answer[0] * answer[1];
            }
    return product / count - sum[0] / count * (sum[1] / count);
}

static void whitens(void **state) {
    (void)state;
    fv_dataset *set = smooth_pictures();
    fv_model *model = network(2 * N, 2, 1);
    float weight[2 * N * N];
    assert_int_equal(fv_whiten(model, "first", set, .epsilon = 1e-12f), FV_OK);
    assert_int_equal(fv_model_get(model, "first.weight", weight, 2 * N * N), FV_OK);
    for (int f = 0; f < N; f++) {
        for (int g = 0; g <= f; g++) assert_true(fabs(covariance(weight, f, g) - (f == g)) < 1e-4);
        for (int k = 0; k < N; k++) assert_true(weight[(N + f) * N + k] == -weight[f * N + k]);
    }
    fv_model_free(model);
    fv_dataset_free(set);
}

/* Fewer filters: the directions in which most happens, which are those of the smallest filters. */
static void takes_the_largest_first(void **state) {
    (void)state;
    fv_dataset *set = smooth_pictures();
    fv_model *all = network(N, 2, 1), *few = network(5, 2, 1);
    float whole[N * N], part[5 * N], length[N];
    assert_int_equal(fv_whiten(all, "first", set), FV_OK);
    assert_int_equal(fv_whiten(few, "first", set), FV_OK);
    fv_model_get(all, "first.weight", whole, N * N);
    fv_model_get(few, "first.weight", part, 5 * N);
    assert_memory_equal(whole, part, sizeof part);
    for (int f = 0; f < N; f++) {
        length[f] = 0;
        for (int k = 0; k < N; k++) length[f] += whole[f * N + k] * whole[f * N + k];
        if (f) assert_true(length[f] >= length[f - 1]);
    }
    fv_model_free(all);
    fv_model_free(few);
    fv_dataset_free(set);
}

static void survives_failing_allocations(void **state) {
    (void)state;
    fv_dataset *set = smooth_pictures();
    fv_model *model = network(8, 2, 1);
    float before[8 * N], after[8 * N];
    fv_model_get(model, "first.weight", before, 8 * N);
    for (long i = 0;; i++) {
        fv_memory_fail_after(i);
        fv_status status = fv_whiten(model, "first", set);
        bool over = fv_memory_fail_after(-1) <= i;
        assert_int_equal(status, over ? FV_OK : FV_NO_MEMORY);
        fv_model_get(model, "first.weight", after, 8 * N);
        assert_int_equal(memcmp(before, after, sizeof before) == 0, !over);
        if (over) break;
    }
    fv_model_free(model);
    fv_dataset_free(set);
}

/* Each names what is wrong, and the weights stay. */
static void refuses(void **state) {
    (void)state;
    fv_dataset *set = smooth_pictures();
    static const struct {
        int filters, kernel, groups;
        const char *layer;
        float epsilon;
        const char *message;
    } cases[] = {
        {8, 2, 1, "second", 0, "whiten second: must be the layer that reads the image, which is first"},
        {8, 2, 1, "fc", 0, "whiten fc: must be the layer"},
        {8, 2, 1, NULL, 0, "whiten NULL: must be the layer"},
        {25, 2, 1, "first", 0, "whiten first: has 25 filters, and patches of 12 numbers have 12 directions"},
        {6, 2, 3, "first", 0, "whiten first: is no convolution of all channels"},
        {8, 2, 1, "first", -1, "epsilon -1: must be above 0"},
        {8, 2, 1, "first", NAN, "epsilon nan: must be above 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fv_model *model = network(cases[i].filters, cases[i].kernel, cases[i].groups);
        float before[25 * N], after[25 * N];
        size_t count = (size_t)(cases[i].filters * N / cases[i].groups);
        fv_model_get(model, "first.weight", before, count);
        assert_int_equal(fv_whiten(model, cases[i].layer, set, .epsilon = cases[i].epsilon), FV_BAD_ARGUMENT);
        assert_contains(fv_error(), cases[i].message);
        fv_model_get(model, "first.weight", after, count);
        assert_memory_equal(before, after, count * sizeof *before);
        fv_model_free(model);
    }
    fv_dataset_free(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whitens),
        cmocka_unit_test(takes_the_largest_first),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests_name("train/whiten", tests, NULL, NULL);
}
