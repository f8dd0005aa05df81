/* Grad-CAM against PyTorch's autograd on the same weights (golden/make_gradcam.py), of the default layer and of others; and a
 * map of every network. */
#include "core/memory.h"
#include "explain/explain.h"
#include "models/formula.h"
#include "support/unit.h"

#include <math.h>

enum { CLASSES = 10, SIDE = 64, MOST_PLACES = 256 };

static const struct {
    const char *network, *layer; /* "": the default */
    int label, height, width;
    double peak, map[MOST_PLACES];
} fixtures[] = {
#include "golden/gradcam.inc"
};

static fv_model *build(const char *name, int side) {
    fv_model *model = fv_network(name, FV_ARCH(.classes = CLASSES, .input = {0, side, side}));
    if (!model) fail_msg("%s: %s", name, fv_error());
    return model;
}

static float *make_image(const fv_model *model) {
    size_t count = fv_shape_count(&model->graph->input->shape);
    float *x = fv_alloc(count, sizeof *x);
    assert_non_null(x);
    formula_uniform("images", count, x);
    return x;
}

static void follows_pytorch(size_t i) {
    fv_model *model = build(fixtures[i].network, SIDE);
    formula_fill(model);
    float *x = make_image(model);
    const char *layer = *fixtures[i].layer ? fixtures[i].layer : NULL;
    fv_explainer *explainer = fv_explainer_new(model, .layer = layer, .threads = 2);
    fv_explanation why;
    if (fv_explain(explainer, x, fixtures[i].label, &why)) fail_msg("%s: %s", fixtures[i].network, fv_error());
    assert_int_equal(why.height, fixtures[i].height);
    assert_int_equal(why.width, fixtures[i].width);
    double far = fabs((double)why.peak / fixtures[i].peak - 1);
    for (int k = 0; k < why.height * why.width; k++) far = fmax(far, fabs((double)why.map[k] - fixtures[i].map[k]));
    if (!(far <= 1e-4)) fail_msg("%s %s: differs by %.2g from PyTorch's", fixtures[i].network, fixtures[i].layer, far);
    fv_explainer_free(explainer);
    fv_free(x);
    fv_model_free(model);
}

static void maps_are_pytorchs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) follows_pytorch(i);
}

/* At the paper's size, whose weights nobody touches. Returns how many parameters there are. */
static size_t has_maps(const fv_network_info *info) {
    fv_model *model = fv_network(info->name, FV_ARCH(.classes = 3, .init.kind = FV_INIT_ZERO));
    if (!model) fail_msg("%s: %s", info->name, fv_error());
    const fv_value *layer;
    assert_int_equal(fv_explained_layer(model, NULL, &layer), FV_OK);
    const int *dim = layer->shape.dim;
    const int least = info->input[1] < 224 ? 3 : 7; /* of 32x32 pixels airbench94 leaves no more than that */
    if (dim[2] < least || dim[3] < least)
        fail_msg("%s: %s has maps of %dx%d", info->name, layer->node->name, dim[2], dim[3]);
    size_t parameters = fv_model_parameters(model);
    fv_model_free(model);
    return parameters;
}

static void gives_a_map(const fv_network_info *info) {
    int channels = info->input[0], side = channels == 1 ? 28 : 64;
    fv_arch arch = {.classes = 3, .input = {channels, side, side}, .init.kind = FV_INIT_ZERO};
    fv_model *model = fv_network(info->name, &arch);
    if (!model) fail_msg("%s: %s", info->name, fv_error());
    float *x = make_image(model);
    fv_explainer *explainer = fv_explainer_new(model, .threads = 2);
    fv_explanation why;
    if (fv_explain(explainer, x, 2, &why)) fail_msg("%s: %s", info->name, fv_error());
    assert_true(why.height > 1 && why.width > 1);
    fv_explainer_free(explainer);
    fv_free(x);
    fv_model_free(model);
}

/* The plan, too, of all but the large ones, whose operators are those of the others. */
static void every_network_has_a_map(void **state) {
    (void)state;
    fv_network_info info;
    int n = 0;
    for (int i = 0; fv_network_at(i, &info); i++) {
        if (has_maps(&info) > 12000000) continue;
        gives_a_map(&info);
        n++;
    }
    assert_true(n >= 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_are_pytorchs),
        cmocka_unit_test(every_network_has_a_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
