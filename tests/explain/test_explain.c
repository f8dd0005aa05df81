/* Grad-CAM of a small network: its closed form, finite differences, one logit; pictures; what cannot be. */
#include "core/memory.h"
#include "engine/plan.h"
#include "explain/explain.h"
#include "fovea/train.h"
#include "image/decode.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

enum { SIDE = 12, INPUT = 3 * SIDE * SIDE };

/* A number of [-1, 1) from an index. */
static float number(uint32_t i) { return (float)(int32_t)((i + 1) * 2654435761u) * 0x1p-31f; }

static void fill(fv_model *model) {
    uint32_t at = 0;
    for (int i = 0; i < model->n_params; i++) {
        fv_param *param = &model->params[i];
        size_t count = fv_shape_count(&param->info.shape);
        float *values = fv_alloc(count, sizeof *values);
        assert_non_null(values);
        bool positive = strstr(param->name, "var") || (strstr(param->name, "bn") && strstr(param->name, "weight"));
        for (size_t k = 0; k < count; k++) values[k] = positive ? 1 + number(at++) / 2 : number(at++) / 2;
        assert_int_equal(fv_param_write(param, values), FV_OK);
        fv_free(values);
    }
}

/* Two convolutions with batch norm, then a global pool, dropout and a linear layer or two: the last maps are [8,6,6]. */
static fv_model *network(int outputs, bool second_linear) {
    fv_graph *g = fv_graph_new("net");
    fv_value *x = fv_input(g, 3, SIDE, SIDE);
    fv_scope(g, "body");
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "conv1", 6, 3, .pad = 1), "bn1"));
    x = fv_max_pool(x, 2);
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "conv2", 8, 3, .pad = 1), "bn2"));
    fv_unscope(g);
    x = fv_dropout(fv_flatten(fv_global_avg_pool(x)), 0.5f);
    if (second_linear) x = fv_tanh(fv_linear(x, "fc0", 5));
    fv_model *model = fv_model_new(fv_linear(x, "fc", outputs));
    if (!model) fail_msg("%s", fv_error());
    fill(model);
    return model;
}

static const float *image(void) {
    static float x[INPUT];
    for (int i = 0; i < INPUT; i++) x[i] = number((uint32_t)i + 7777);
    return x;
}

static fv_explanation explain(fv_explainer *explainer, int label) {
    fv_explanation why;
    if (fv_explain(explainer, image(), label, &why)) fail_msg("%s", fv_error());
    return why;
}

/* What a layer of the graph gives, by a plan of its own. */
static void values_of(fv_model *model, const fv_value *layer, float *values) {
    fv_team *team = fv_team_new(1);
    fv_plan *plan = fv_plan_new(model, &(fv_plan_args){.batch = 1, .team = team, .until = layer, .reference = true});
    if (!plan || fv_plan_run(plan, &(fv_plan_input){.x = image()})) fail_msg("%s", fv_error());
    memcpy(values, fv_plan_logits(plan), fv_shape_count(&layer->shape) * sizeof *values);
    fv_plan_free(plan);
    fv_team_free(team);
}

/* The logits from that layer on. */
static void logits_from(fv_model *model, const fv_value *layer, const float *values, float *logits) {
    fv_team *team = fv_team_new(1);
    fv_plan *plan = fv_plan_new(model, &(fv_plan_args){.batch = 1, .team = team, .from = layer, .reference = true});
    if (!plan || fv_plan_run(plan, &(fv_plan_input){.x = values})) fail_msg("%s", fv_error());
    memcpy(logits, fv_plan_logits(plan), (size_t)fv_model_outputs(model) * sizeof *logits);
    fv_plan_free(plan);
    fv_team_free(team);
}

/* relu(sum of alpha_k A_k) / its maximum is the map, and that the peak. */
static void assert_map(const fv_explanation *why, const double alpha[], const float *a, int channels) {
    int places = why->height * why->width;
    double peak = 0, *sum = fv_alloc((size_t)places, sizeof *sum);
    assert_non_null(sum);
    for (int i = 0; i < places; i++) {
        for (int k = 0; k < channels; k++) sum[i] += alpha[k] * (double)a[k * places + i];
        peak = fmax(peak, sum[i]);
    }
    assert_true(peak > 0);
    assert_true(fabs((double)why->peak / peak - 1) < 1e-4);
    for (int i = 0; i < places; i++) assert_true(fabs((double)why->map[i] - fmax(0, sum[i]) / peak) < 1e-4);
    fv_free(sum);
}

/* Zhou et al. 2016: of a linear layer on global averages, alpha is the class's weight by the number of positions. */
static void is_cam_where_the_tail_is_linear(void **state) {
    (void)state;
    fv_model *model = network(3, false);
    fv_explainer *explainer = fv_explainer_new(model, .threads = 2);
    const fv_value *layer;
    float a[8 * 36], weight[3 * 8];
    double alpha[8];
    assert_int_equal(fv_explained_layer(model, NULL, &layer), FV_OK);
    values_of(model, layer, a);
    assert_int_equal(fv_model_get(model, "fc.weight", weight, 24), FV_OK);
    int shown = 0;
    for (int label = 0; label < 3; label++) {
        fv_explanation why = explain(explainer, label);
        if (why.peak == 0) continue;
        for (int k = 0; k < 8; k++) alpha[k] = (double)weight[label * 8 + k] / 36;
        assert_map(&why, alpha, a, 8);
        shown++;
    }
    assert_true(shown > 0);
    fv_explainer_free(explainer);
    fv_model_free(model);
}

/* alpha_k by moving all of map k: its mean gradient is the difference by places times step. */
static void difference_map(fv_model *model, const fv_value *layer, int label, double alpha[], float *a) {
    const float step = 1.0f / 256;
    int channels = layer->shape.dim[1], places = layer->shape.dim[2] * layer->shape.dim[3];
    float logits[2][3];
    values_of(model, layer, a);
    for (int k = 0; k < channels; k++) {
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < places; i++) a[k * places + i] += side ? -2 * step : step;
            logits_from(model, layer, a, logits[side]);
        }
        for (int i = 0; i < places; i++) a[k * places + i] += step;
        alpha[k] = ((double)logits[0][label] - (double)logits[1][label]) / (2 * (double)step * places);
    }
    values_of(model, layer, a);
}

static void follows_finite_differences(void **state) {
    (void)state;
    fv_model *model = network(3, true);
    float a[8 * 36];
    double alpha[8];
    const fv_value *layer;
    fv_explainer *explainer = fv_explainer_new(model, .threads = 2);
    assert_int_equal(fv_explained_layer(model, NULL, &layer), FV_OK);
    fv_explanation why = explain(explainer, 0);
    for (int label = 1; label < 3 && why.peak == 0; label++) why = explain(explainer, label);
    difference_map(model, layer, why.label, alpha, a);
    assert_map(&why, alpha, a, 8);
    fv_explainer_free(explainer);
    fv_model_free(model);
}

/* ---- Classes ----------------------------------------------------------------------------------------------------------- */

static void the_predicted_class_is_the_default(void **state) {
    (void)state;
    fv_model *model = network(3, false);
    fv_predictor *predictor = fv_predictor_new(model, .threads = 1);
    fv_explainer *explainer = fv_explainer_new(model, .threads = 1);
    float logits[3];
    assert_int_equal(fv_forward(predictor, image(), 1, logits), FV_OK);
    fv_explanation why = explain(explainer, FV_PREDICTED);
    for (int k = 0; k < 3; k++) assert_true(logits[k] <= logits[why.label]);
    assert_true(fabsf(why.score - logits[why.label]) < 1e-5f);
    float map[36], probability = why.probability;
    memcpy(map, why.map, sizeof map);
    why = explain(explainer, why.label);
    assert_memory_equal(map, why.map, sizeof map);
    assert_true(why.probability == probability);
    fv_predictor_free(predictor);
    fv_explainer_free(explainer);
    fv_model_free(model);
}

/* z speaks for the positive class and -z for the other, so that one's evidence is what the other's is not. */
static void one_logit_speaks_for_both_classes(void **state) {
    (void)state;
    fv_model *model = network(1, false);
    assert_int_equal(fv_model_set_classes(model, (const char *const[]){"ill", "well"}, 2, 0), FV_OK);
    fv_explainer *explainer = fv_explainer_new(model, .threads = 1);
    float map[36], logit, score;
    fv_explanation why = explain(explainer, 0);
    score = why.score;
    memcpy(map, why.map, sizeof map);
    fv_predictor *predictor = fv_predictor_new(model, .threads = 1);
    assert_int_equal(fv_forward(predictor, image(), 1, &logit), FV_OK);
    assert_true(fabsf(score - logit) < 1e-5f);
    why = explain(explainer, 1);
    assert_true(why.score == -score);
    int either = 0;
    for (int i = 0; i < 36; i++) {
        assert_true(map[i] == 0 || why.map[i] == 0);
        either += map[i] > 0 || why.map[i] > 0;
    }
    assert_true(either > 0);
    fv_predictor_free(predictor);
    fv_explainer_free(explainer);
    fv_model_free(model);
}

/* ---- Layers ------------------------------------------------------------------------------------------------------------ */

static void layers_by_name_and_scope(void **state) {
    (void)state;
    static const struct {
        const char *name, *is;
        int side;
    } cases[] = {{NULL, "body.relu", 6},
                 {"body", "body.relu", 6},
                 {"body.conv1", "body.conv1", 12},
                 {"body.bn1", "body.bn1", 12}};
    fv_model *model = network(3, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int h, w;
        fv_explainer *explainer = fv_explainer_new(model, .layer = cases[i].name, .threads = 1);
        const char *name = fv_explainer_layer(explainer, &h, &w);
        if (!name) fail_msg("%s", fv_error());
        assert_string_equal(name, cases[i].is);
        assert_int_equal(h, cases[i].side);
        assert_int_equal(w, cases[i].side);
        assert_int_equal(explain(explainer, 1).height, cases[i].side);
        fv_explainer_free(explainer);
    }
    fv_model_free(model);
}

static void what_cannot_be(void **state) {
    (void)state;
    fv_model *model = network(3, false);
    assert_null(fv_explainer_new(model, .layer = "body.conv3"));
    assert_contains(fv_error(), "no layer with maps named \"body.conv3\": did you mean \"body.conv1\"?");
    assert_null(fv_explainer_new(model, .layer = "xyz"));
    assert_contains(fv_error(), "no layer with maps named \"xyz\": there are body.conv1, body.bn1, body.relu, ");
    assert_null(fv_explainer_new(model, .layer = "fc"));
    assert_contains(fv_error(), "layer \"fc\" of net gives [N,3], no maps of more than one position");
    fv_explainer *explainer = fv_explainer_new(model, .threads = 1);
    fv_explanation why;
    assert_int_equal(fv_explain(explainer, image(), 3, &why), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "class 3: must be from 0 to 2");
    assert_int_equal(fv_explain_pixels(explainer, NULL, 5, 1, 1, 0, &why), FV_BAD_ARGUMENT);
    assert_int_equal(fv_explain_file(explainer, temporary("none.png"), 0, &why), FV_IO_ERROR);
    assert_int_equal(fv_explain_overlay(explainer, temporary("none.png"), 0, temporary("why.png"), &why), FV_IO_ERROR);
    assert_null(fv_explainer_new(NULL));
    float nan = NAN;
    assert_int_equal(fv_model_set(model, "fc.bias", (float[]){nan, nan, nan}, 3), FV_OK);
    assert_int_equal(fv_explain(explainer, image(), 0, &why), FV_NOT_FINITE);
    fv_explainer_free(explainer);
    fv_model_free(model);
    model = fv_model_new(fv_linear(fv_flatten(fv_input(fv_graph_new("flat"), 1, 8, 8)), "fc", 2));
    assert_null(fv_explainer_new(model));
    assert_contains(fv_error(), "flat: no layer gives maps of more than one position: there is nothing to show");
    fv_model_free(model);
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------------- */

/* By the definition of cubehelix the luminance is linear. */
static void heat_is_ordered(void **state) {
    (void)state;
    for (int i = 0; i <= 100; i++) {
        float rgb[3], value = (float)i / 100;
        fv_heat(value, rgb);
        for (int c = 0; c < 3; c++) assert_true(rgb[c] >= 0 && rgb[c] <= 1);
        double luminance = 0.30 * (double)rgb[0] + 0.59 * (double)rgb[1] + 0.11 * (double)rgb[2];
        assert_true(fabs(luminance - (0.1 + 0.75 * (double)value)) < 1e-4);
    }
}

static uint8_t pixel(const fv_image *image, int y, int x, int c) {
    return ((const uint8_t *)image->pixels)[(y * image->width + x) * image->channels + c];
}

/* The picture where the map is 0, halfway to the color where it is 1 with alpha 0.5; between, the map is interpolated. */
static void overlays_of_a_known_map(void **state) {
    (void)state;
    static const float map[] = {0, 1};
    static uint8_t gray[4 * 8];
    memset(gray, 100, sizeof gray);
    const fv_explanation why = {.height = 1, .width = 2, .map = map};
    const fv_image picture = {.width = 8, .height = 4, .channels = 1, .depth = 8, .pixels = gray};
    fv_image out;
    assert_int_equal(fv_overlay(&why, &picture, &(fv_overlay_args){.alpha = 0.5f}, 0, &out), FV_OK);
    assert_int_equal(out.width, 8);
    assert_int_equal(out.height, 4);
    float rgb[3];
    fv_heat(1, rgb);
    for (int c = 0; c < 3; c++) {
        assert_int_equal(pixel(&out, 3, 0, c), 100);
        assert_true(fabs(pixel(&out, 0, 7, c) - (50 + 127.5 * (double)rgb[c])) <= 1);
    }
    fv_image_free(&out);
    assert_int_equal(fv_overlay(&why, &picture, &(fv_overlay_args){.map_only = true, .largest = 4}, 0, &out), FV_OK);
    assert_int_equal(out.width, 4);
    assert_int_equal(out.height, 2);
    assert_int_equal(out.channels, 1);
    static const uint8_t expected[] = {0, 64, 191, 255}; /* centres at -1/4, 1/4, 3/4, 5/4 */
    assert_memory_equal(out.pixels, expected, 4);
    fv_image_free(&out);
    assert_int_equal(fv_overlay(&why, &picture, &(fv_overlay_args){.alpha = 2}, 0, &out), FV_BAD_ARGUMENT);
    assert_int_equal(fv_overlay(&why, &picture, &(fv_overlay_args){.largest = -1}, 0, &out), FV_BAD_ARGUMENT);
}

/* A file, its pixels and its overlay are explained alike. */
static void files_and_pixels(void **state) {
    (void)state;
    static uint8_t pixels[20 * 30 * 3];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(128 + 127 * number((uint32_t)i));
    const fv_image picture = {.width = 30, .height = 20, .channels = 3, .depth = 8, .pixels = pixels};
    assert_int_equal(fv_png_write(temporary("a.png"), &picture), FV_OK);
    fv_model *model = network(3, false);
    fv_explainer *explainer = fv_explainer_new(model, .threads = 1);
    fv_explanation why;
    float map[36];
    assert_int_equal(fv_explain_file(explainer, temporary("a.png"), 1, &why), FV_OK);
    memcpy(map, why.map, sizeof map);
    assert_int_equal(fv_explain_pixels(explainer, pixels, 3, 20, 30, 1, &why), FV_OK);
    assert_memory_equal(map, why.map, sizeof map);
    assert_int_equal(fv_explain_overlay(explainer, temporary("a.png"), 1, temporary("b.png"), &why), FV_OK);
    assert_memory_equal(map, why.map, sizeof map);
    fv_image overlay;
    assert_int_equal(fv_image_read(temporary("b.png"), NULL, &overlay), FV_OK);
    assert_int_equal(overlay.width, 30);
    assert_int_equal(overlay.height, 20);
    fv_image_free(&overlay);
    assert_int_equal(fv_explain_overlay(explainer, temporary("a.png"), 1, temporary("no/b.png"), &why), FV_IO_ERROR);
    fv_explainer_free(explainer);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_cam_where_the_tail_is_linear),
        cmocka_unit_test(follows_finite_differences),
        cmocka_unit_test(the_predicted_class_is_the_default),
        cmocka_unit_test(one_logit_speaks_for_both_classes),
        cmocka_unit_test(layers_by_name_and_scope),
        cmocka_unit_test(what_cannot_be),
        cmocka_unit_test(heat_is_ordered),
        cmocka_unit_test(overlays_of_a_known_map),
        cmocka_unit_test(files_and_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
