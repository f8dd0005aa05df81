/* What stencils do not say of dropout, losses, reorders and the simple operators: masks, extreme logits, NaN, messages. */
#include "core/memory.h"
#include "kernels/dnn.h"
#include "ops/kernel.h"
#include "ops/loss.h"
#include "ops/rooms.h"
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>

/* ---- Dropout ------------------------------------------------------------------------------------------------------- */

enum { SIZE = 100 * 100 };

/* The mask of a node, and how many elements it drops. */
static int mask_of(const fv_node *node, uint64_t seed, uint64_t step, double mask[SIZE]) {
    static double x[SIZE], y[SIZE];
    for (int i = 0; i < SIZE; i++) x[i] = 1;
    fv_run_env env = {.seed = seed, .step = step};
    node->op->ref(node, (const double *[]){x}, (double *[]){y, mask}, &env);
    int dropped = 0;
    for (int i = 0; i < SIZE; i++) dropped += mask[i] == 0;
    return dropped;
}

static void dropout_masks_are_independent(void **state) {
    (void)state;
    fv_graph *graph = fv_graph_new("masks");
    fv_value *x = fv_input_shaped(graph, "x", &FV_SHAPE(100, 100));
    fv_value *first = fv_dropout(x, 0.25f), *second = fv_dropout(first, 0.25f);
    fv_scope(graph, "block");
    fv_value *third = fv_dropout(second, 0.25f);
    const struct {
        const fv_node *node;
        uint64_t seed, step;
    } others[] = {{second->node, 1, 0}, {third->node, 1, 0}, {first->node, 2, 0}, {first->node, 1, 1}};
    static double mask[SIZE], other[SIZE];
    int dropped = mask_of(first->node, 1, 0, mask);
    assert_true(abs(dropped - SIZE / 4) < 200); /* four and a half deviations */
    for (int k = 0; k < FV_COUNT(others); k++) {
        int both = 0, more = mask_of(others[k].node, others[k].seed, others[k].step, other);
        for (int i = 0; i < SIZE; i++) both += mask[i] == 0 && other[i] == 0;
        assert_true(abs(more - SIZE / 4) < 200);
        assert_true(abs(both - SIZE / 16) < 120);
    }
    fv_graph_free(graph);
}

/* Plans that fuse or add other nodes drop the same elements. */
static void dropout_mask_does_not_depend_on_other_nodes(void **state) {
    (void)state;
    static double mask[SIZE], other[SIZE];
    fv_graph *graph = fv_graph_new("short"), *longer = fv_graph_new("long");
    fv_value *x = fv_dropout(fv_dropout(fv_input_shaped(graph, "x", &FV_SHAPE(100, 100)), 0.5f), 0.5f);
    fv_value *y = fv_relu(fv_dropout(fv_relu(fv_input_shaped(longer, "x", &FV_SHAPE(100, 100))), 0.5f));
    y = fv_dropout(fv_add(y, y), 0.5f);
    mask_of(x->node, 5, 6, mask);
    mask_of(y->node, 5, 6, other);
    assert_memory_equal(mask, other, sizeof mask);
    fv_graph_free(graph);
    fv_graph_free(longer);
}

static void dropout_is_the_identity_at_inference(void **state) {
    (void)state;
    fv_graph *graph = fv_graph_new("inference");
    fv_value *x = fv_input(graph, 3, 4, 5), *y = fv_dropout(x, 0.5f);
    assert_ptr_equal(y->node->op->at_inference(y->node, graph, &x), x);
    fv_graph_free(graph);
}

/* ---- Losses on extreme logits, by each kernel ------------------------------------------------------------------------ */

enum { CLASSES = 3 };

/* The loss and the gradient of one image by kernel k, which lies alone in its group in FV_BATCH. */
static float loss_by(const fv_node *node, int k, const float z[CLASSES], const float t[CLASSES], float dz[CLASSES]) {
    enum { FLOATS = CLASSES * FV_BATCH_WIDTH };
    const fv_kernel *kernel = &node->op->kernels[k];
    const int lanes = kernel->in == FV_BATCH ? FV_BATCH_WIDTH : 1;
    float zs[FLOATS], ts[FLOATS] = {0}, dzs[FLOATS], loss, scratch[FLOATS + FV_BATCH_WIDTH];
    for (int i = 0; i < CLASSES * lanes; i++) zs[i] = (float)(i / lanes); /* anything, where there is no image */
    for (int c = 0; c < CLASSES; c++) zs[c * lanes] = z[c], ts[c * lanes] = t[c];
    fv_step step = {
        .node = node, .kernel = kernel, .threads = 1, .in = {zs, ts}, .out = {&loss, dzs}, .scratch = scratch};
    step.in_layout[0].kind = step.in_layout[1].kind = kernel->in;
    assert_int_equal(kernel->plan(&step), FV_OK);
    assert_true(step.scratch_bytes <= sizeof scratch);
    kernel->run(&step, 0, 1);
    if (step.free_state) step.free_state(step.state);
    for (int c = 0; c < CLASSES; c++) dz[c] = dzs[c * lanes];
    for (int i = 0; i < CLASSES * lanes; i++) assert_true(i % lanes == 0 || dzs[i] == 0); /* no image, no gradient */
    return loss;
}

static fv_node *loss_node(fv_graph *graph, fv_loss loss) {
    fv_value *z = fv_input_shaped(graph, "z", &FV_SHAPE(1, CLASSES)),
             *t = fv_input_shaped(graph, "t", &FV_SHAPE(1, CLASSES));
    fv_value *y = fv_loss_node(graph, &loss, z, t);
    if (!y) fail_msg("%s", fv_error());
    return y->node;
}

static void extreme_logits_do_not_overflow(void **state) {
    (void)state;
    fv_graph *graph = fv_graph_new("extreme");
    const fv_node *entropies[] = {loss_node(graph, fv_cross_entropy()), loss_node(graph, fv_focal())};
    const fv_node *bces[] = {loss_node(graph, fv_bce()), loss_node(graph, fv_bce(.gamma = 2))};
    float dz[CLASSES];
    for (int focal = 0; focal < 2; focal++) /* which changes nothing where all is wrong, or all is right */
        for (int k = 0; k < entropies[focal]->op->n_kernels; k++) {
            float loss = loss_by(entropies[focal], k, (float[]){1e4f, -1e4f, 0}, (float[]){0, 1, 0}, dz);
            assert_true(fabsf(loss - 2e4f) < 0.01f);
            assert_true(dz[0] == 1 && dz[1] == -1 && dz[2] == 0);
            assert_true(loss_by(entropies[focal], k, (float[]){1e4f, -1e4f, 0}, (float[]){1, 0, 0}, dz) == 0);
            assert_true(dz[0] == 0 && dz[1] == 0 && dz[2] == 0);
        }
    for (int focal = 0; focal < 2; focal++)
        for (int k = 0; k < bces[focal]->op->n_kernels; k++) {
            float loss = loss_by(bces[focal], k, (float[]){1e4f, -1e4f, 3e4f}, (float[]){0, 1, 1}, dz);
            assert_true(fabsf(loss - 2e4f / 3) < 0.01f);
            assert_true(fabsf(dz[0] - 1.f / 3) < 1e-6f && fabsf(dz[1] + 1.f / 3) < 1e-6f && dz[2] == 0);
        }
    fv_graph_free(graph);
}

static void nan_reaches_the_loss(void **state) {
    (void)state;
    fv_graph *graph = fv_graph_new("nan");
    const fv_node *nodes[] = {loss_node(graph, fv_cross_entropy()), loss_node(graph, fv_bce()),
                              loss_node(graph, fv_cross_entropy(.label_smoothing = 0.5f)), loss_node(graph, fv_focal()),
                              loss_node(graph, fv_bce(.gamma = 2))};
    float dz[CLASSES];
    for (int n = 0; n < FV_COUNT(nodes); n++)
        for (int k = 0; k < nodes[n]->op->n_kernels; k++)
            for (int c = 0; c < CLASSES; c++) {
                float z[CLASSES] = {1, 2, 3};
                z[c] = NAN;
                if (!isnan(loss_by(nodes[n], k, z, (float[]){0, 1, 0}, dz)))
                    fail_msg("%s %d, kernel %d: NaN logit %d is lost", nodes[n]->op->name, n, k, c);
            }
    fv_graph_free(graph);
}

static void only_weightless_classes_cost_nothing(void **state) {
    (void)state;
    fv_graph *graph = fv_graph_new("weightless");
    const fv_node *node = loss_node(graph, fv_cross_entropy(.class_weights = (float[]){1, 0, 1}));
    float dz[CLASSES];
    assert_true(loss_by(node, node->op->n_kernels - 1, (float[]){1, 2, 3}, (float[]){0, 1, 0}, dz) == 0);
    assert_true(dz[0] == 0 && dz[1] == 0 && dz[2] == 0);
    const fv_node *ignoring[] = {loss_node(graph, fv_cross_entropy(.ignore = true)),
                                 loss_node(graph, fv_bce(.ignore = true)), loss_node(graph, fv_focal(.ignore = true))};
    for (int i = 0; i < FV_COUNT(ignoring); i++) {
        int last = ignoring[i]->op->n_kernels - 1;
        assert_true(loss_by(ignoring[i], last, (float[]){1, 2, 3}, (float[]){-1, -1, -1}, dz) == 0);
        assert_true(dz[0] == 0 && dz[1] == 0 && dz[2] == 0);
    }
    fv_graph_free(graph);
}

/* ---- Reorders of parameters --------------------------------------------------------------------------------------- */

/* Runs a reorder of a [8,20] parameter; null layouts are plain. */
static void reorder(const fv_node *node, const fv_dnn_layout *from, int parts, float *x, const fv_dnn_layout *to,
                    float *y) {
    fv_step step = {.node = node, .kernel = node->op->kernels, .threads = 1, .in = {x}, .out = {y}};
    step.in_layout[0] = (fv_layout){.kind = from ? FV_OPAQUE : FV_PLAIN, .opaque = from, .parts = parts};
    step.out_layout[0] = (fv_layout){.kind = to ? FV_OPAQUE : FV_PLAIN, .opaque = to};
    step.in_bytes[0] = from ? fv_dnn_layout_bytes(from) : 8 * 20 * sizeof(float);
    assert_int_equal(step.kernel->plan(&step), FV_OK);
    assert_false(step.refused);
    step.scratch = fv_map(step.scratch_bytes);
    step.kernel->run(&step, 0, 1);
    fv_unmap(step.scratch, step.scratch_bytes);
    step.free_state(step.state);
}

/* Plain parts -> plain, plain parts -> oneDNN's layout, oneDNN's parts -> plain. */
static void parameters_are_reordered_and_parts_added(void **state) {
    (void)state;
    enum { OUT = 8, IN = 20, COUNT = OUT * IN, PARTS = 3, MOST = 4096 };
    fv_prim *linear;
    fv_dnn_linear what = {.n = 4, .in = IN, .out = OUT};
    assert_int_equal(fv_dnn_linear_new(&what, FV_DNN_TRAIN, NULL, &linear), FV_OK);
    const fv_dnn_layout *opaque = linear ? fv_prim_weights(linear) : NULL; /* NULL without oneDNN */
    static _Alignas(64) float x[PARTS * COUNT], y[MOST], many[PARTS * MOST], back[COUNT];
    for (int i = 0; i < PARTS * COUNT; i++) x[i] = (float)(i % COUNT * (i / COUNT + 1));
    fv_graph *graph = fv_graph_new("parameters");
    fv_value *parameter = fv_parameter_new(graph, "fc", "weight", &(fv_parameter){.shape = FV_SHAPE(OUT, IN)});
    const fv_node *node = fv_node_new(graph, &fv_reorder_parameter_op, NULL, NULL, &parameter, 1)->node;
    reorder(node, NULL, PARTS, x, NULL, back);
    for (int i = 0; i < COUNT; i++) assert_true(back[i] == (float)(6 * i));
    size_t floats = opaque ? fv_dnn_layout_bytes(opaque) / sizeof(float) : 0;
    assert_true(floats <= MOST);
    if (opaque) {
        reorder(node, NULL, PARTS, x, opaque, y);
        for (size_t i = 0; i < PARTS * floats; i++) many[i] = y[i % floats];
        reorder(node, opaque, PARTS, many, NULL, back);
        for (int i = 0; i < COUNT; i++) assert_true(back[i] == (float)(18 * i));
    }
    fv_prim_free(linear);
    fv_graph_free(graph);
}

/* ---- Messages ------------------------------------------------------------------------------------------------------ */

static void refused(const fv_value *value, const char *message) {
    assert_null(value);
    assert_string_equal(fv_error(), message);
}

static void bad_shapes_and_arguments_are_named(void **state) {
    (void)state;
    fv_graph *graph = fv_graph_new("net");
    fv_value *image = fv_input(graph, 3, 4, 5), *rows = fv_flatten(image);
    refused(fv_add(image, rows), "net/add add: inputs of shapes [N,3,4,5] and [N,60]: must be equal, and no scalars");
    refused(fv_softmax(image), "net/softmax softmax: an input of shape [N,3,4,5]: needs [N,F], as fv_flatten gives");
    refused(fv_dropout(image, 1), "net/dropout dropout: rate 1: must be from 0 to 0.999999");
    refused(fv_dropout(image, NAN), "net/dropout dropout: rate nan: must be from 0 to 0.999999");
    refused(fv_leaky_relu(image, .slope = -1), "net/leaky_relu leaky_relu: slope -1: must be from 1e-06 to 1e+06");
    refused(fv_loss_node(graph, &(fv_loss){0}, image, rows),
            "net/cross_entropy cross_entropy: logits [N,3,4,5] and target [N,60]: both must be [N,classes]");
    fv_graph_free(graph);
}

static void loss_options_are_checked(void **state) {
    (void)state;
    const struct {
        fv_loss loss;
        const char *message;
    } bad[] = {
        {{.label_smoothing = 1}, "label_smoothing 1: must be from 0 and below 1"},
        {{.label_smoothing = NAN}, "label_smoothing nan: must be from 0 and below 1"},
        {{.pos_weight = -1}, "pos_weight -1: must be above 0 and finite"},
        {{.weight = INFINITY}, "weight inf of the loss: must be above 0 and finite"},
        {{.kind = FV_CROSS_ENTROPY, .pos_weight = 2},
         "cross_entropy takes no pos_weight and no alpha (it has class_weights)"},
        {{.kind = FV_FOCAL, .alpha = 0.25f}, "cross_entropy takes no pos_weight and no alpha (it has class_weights)"},
        {{.kind = FV_BCE, .class_weights = (float[]){1, 1, 1}},
         "bce of 3 logits takes no class_weights (it has pos_weight)"},
        {{.gamma = -1}, "gamma -1: must be from 0 to 100"},
        {{.kind = FV_FOCAL, .gamma = NAN}, "gamma nan: must be from 0 to 100"},
        {{.kind = FV_BCE, .alpha = 1}, "alpha 1: must be above 0 and below 1"},
        {{.class_weights = (float[]){1, -1, 0}}, "class weight -1 of class 1: must be 0 or more, and finite"},
        {{.class_weights = (float[]){0, 0, 0}}, "all 3 class weights are 0: nothing to learn from"},
    };
    fv_graph *graph = fv_graph_new("net");
    fv_value *z = fv_input_shaped(graph, "z", &FV_SHAPE(1, 3)), *t = fv_input_shaped(graph, "t", &FV_SHAPE(1, 3));
    for (int i = 0; i < FV_COUNT(bad); i++) refused(fv_loss_node(graph, &bad[i].loss, z, t), bad[i].message);
    fv_graph_free(graph);
}

static void one_logit_means_bce(void **state) {
    (void)state;
    fv_graph *graph = fv_graph_new("net");
    fv_value *z = fv_input_shaped(graph, "z", &FV_SHAPE(1, 1)), *t = fv_input_shaped(graph, "t", &FV_SHAPE(1, 1));
    assert_string_equal(fv_loss_node(graph, &(fv_loss){0}, z, t)->node->op->name, "bce_with_logits");
    assert_string_equal(loss_node(graph, (fv_loss){0})->op->name, "cross_entropy");
    fv_loss loss;
    assert_int_equal(fv_loss_named("bce", &loss), FV_OK);
    assert_int_equal(loss.kind, FV_BCE);
    assert_int_equal(fv_loss_named("bse", &loss), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "no loss named \"bse\": did you mean \"bce\"?");
    assert_string_equal(fv_loss_name(0), "cross_entropy");
    assert_string_equal(fv_loss_name(1), "bce");
    assert_string_equal(fv_loss_name(2), "focal");
    assert_null(fv_loss_name(3));
    fv_graph_free(graph);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout_masks_are_independent),
        cmocka_unit_test(dropout_mask_does_not_depend_on_other_nodes),
        cmocka_unit_test(dropout_is_the_identity_at_inference),
        cmocka_unit_test(extreme_logits_do_not_overflow),
        cmocka_unit_test(nan_reaches_the_loss),
        cmocka_unit_test(only_weightless_classes_cost_nothing),
        cmocka_unit_test(parameters_are_reordered_and_parts_added),
        cmocka_unit_test(bad_shapes_and_arguments_are_named),
        cmocka_unit_test(loss_options_are_checked),
        cmocka_unit_test(one_logit_means_bce),
    };
    return cmocka_run_group_tests_name("math", tests, NULL, NULL);
}
