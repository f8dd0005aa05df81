/* Building layers: shapes, parameters and their names, defaults, and what is refused, in which words. */
#include "ops/fused.h"
#include "ops/pool.h"
#include "ops/rooms.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

static fv_graph *graph;

static int new_graph(void **state) {
    (void)state;
    graph = fv_graph_new("net");
    return graph == NULL;
}

static int free_graph(void **state) {
    (void)state;
    fv_graph_free(graph);
    return 0;
}

static void assert_shape(const fv_value *value, int c, int h, int w) {
    int is[3];
    if (!value) fail_msg("%s", fv_error());
    fv_value_shape(value, &is[0], &is[1], &is[2]);
    if (is[0] != c || is[1] != h || is[2] != w)
        fail_msg("[%d,%d,%d], should be [%d,%d,%d]", is[0], is[1], is[2], c, h, w);
}

static void assert_fails(const fv_value *value, const char *message) {
    assert_null(value);
    assert_string_equal(fv_error(), message);
}

static const fv_node *named(const char *name) {
    for (int i = 0; i < graph->n_nodes; i++)
        if (strcmp(graph->nodes[i]->name, name) == 0) return graph->nodes[i];
    fail_msg("no node %s", name);
    return NULL;
}

/* ---- Layers that are right ----------------------------------------------------------------------------------------- */

static void convolution_shapes(void **state) {
    (void)state;
    fv_value *x = fv_input(graph, 4, 224, 200);
    assert_shape(fv_conv2d(x, "a", 64, 7, .stride = 2, .pad = 3), 64, 112, 100);
    assert_shape(fv_conv2d(x, "b", 8, 3, .dilation = 2), 8, 220, 196);
    assert_shape(fv_conv2d(x, "c", 8, 0, .kernels = {1, 3}, .strides = {2, 1}, .pads = {0, 1, 0, 1}), 8, 112, 200);
    assert_shape(fv_conv2d(x, "d", 8, 3, .groups = 4, .pads = {1, 0, 0, 0}), 8, 223, 198);
    assert_int_equal(named("d.weight")->out[0].shape.dim[1], 1);
}

static void parameters(void **state) {
    (void)state;
    fv_value *x = fv_input(graph, 6, 9, 9);
    fv_scope(graph, "layer%d", 1);
    x = fv_conv2d(x, "conv", 8, 3, .groups = 2);
    x = fv_batch_norm(x, "bn");
    x = fv_linear(fv_flatten(x), "fc", 5, .init = {FV_INIT_NORMAL, 0.01f});
    assert_shape(x, 5, 1, 1);
    const fv_parameter *weight = fv_parameter_of(named("layer1.conv.weight"));
    assert_int_equal(weight->fan_in, 27);
    assert_int_equal(weight->fan_out, 72);
    assert_int_equal(weight->init.kind, FV_INIT_KAIMING_NORMAL);
    assert_false(weight->no_decay);
    assert_true(fv_parameter_of(named("layer1.conv.bias"))->no_decay);
    assert_true(fv_parameter_of(named("layer1.bn.running_var"))->state);
    assert_int_equal(fv_parameter_of(named("layer1.bn.running_var"))->init.kind, FV_INIT_ONE);
    assert_false(fv_parameter_of(named("layer1.bn.weight"))->state);
    assert_int_equal(fv_parameter_of(named("layer1.fc.weight"))->init.kind, FV_INIT_NORMAL);
    assert_int_equal(fv_parameter_of(named("layer1.fc.weight"))->fan_in, 8 * 7 * 7);
    assert_int_equal(named("layer1.conv")->op->macs(named("layer1.conv")), 8 * 7 * 7 * 27);
}

static void no_bias(void **state) {
    (void)state;
    fv_value *x = fv_conv2d(fv_input(graph, 3, 8, 8), "conv", 4, 3, .no_bias = true);
    assert_shape(x, 4, 6, 6);
    assert_int_equal(x->node->n_in, 2);
    x = fv_linear(fv_flatten(x), "fc", 2, .no_bias = true);
    assert_int_equal(x->node->n_in, 2);
    for (int i = 0; i < graph->n_nodes; i++) assert_null(strstr(graph->nodes[i]->name, "bias"));
}

static void batch_norm_options(void **state) {
    (void)state;
    fv_value *x = fv_input(graph, 3, 8, 8);
    const fv_batch_norm_node_args *standard = fv_batch_norm(x, "a")->node->args;
    assert_float_equal(standard->momentum, 0.9f, 0);
    assert_float_equal(standard->epsilon, 1e-5f, 0);
    const fv_batch_norm_node_args *given = fv_batch_norm(x, "b", .momentum = FV_ZERO, .epsilon = 1e-3f)->node->args;
    assert_float_equal(given->momentum, 0, 0);
    assert_float_equal(given->epsilon, 1e-3f, 0);
}

static void pool_shapes(void **state) {
    (void)state;
    fv_value *x = fv_input(graph, 3, 7, 10);
    assert_shape(fv_max_pool(x, 2), 3, 3, 5);
    assert_shape(fv_max_pool(x, 3, .stride = 2, .pad = 1), 3, 4, 5);
    assert_shape(fv_max_pool(x, 2, .ceil_mode = true), 3, 4, 5);
    assert_shape(fv_max_pool(x, 3, .stride = 2, .ceil_mode = true), 3, 3, 5);
    assert_shape(fv_avg_pool(x, 2, .stride = 3, .pad = 1, .ceil_mode = true), 3, 3,
                 4); /* 4 windows would start beyond */
    assert_shape(fv_max_pool(x, 9, .ceil_mode = true, .stride = 3), 3, 1, 2);
    assert_shape(fv_global_avg_pool(x), 3, 1, 1);
}

static void concat_shapes(void **state) {
    (void)state;
    fv_value *x = fv_input(graph, 3, 7, 10), *y = fv_conv2d(x, "conv", 5, 1);
    assert_shape(fv_concat((fv_value *[]){x, y, x}, 3), 11, 7, 10);
}

static void null_passes_through(void **state) {
    (void)state;
    fv_fail(FV_BAD_DATA, "first");
    assert_fails(fv_conv2d(NULL, "a", 3, 3), "first");
    assert_fails(fv_linear(NULL, "a", 3), "first");
    assert_fails(fv_batch_norm(NULL, "a"), "first");
    assert_fails(fv_max_pool(NULL, 2), "first");
    assert_fails(fv_avg_pool(NULL, 2), "first");
    assert_fails(fv_global_avg_pool(NULL), "first");
    assert_fails(fv_concat((fv_value *[]){NULL}, 1), "first");
}

static void inference_form(void **state) {
    (void)state;
    fv_value *x = fv_batch_norm(fv_input(graph, 3, 8, 8), "bn");
    const fv_node *norm = x->node;
    fv_value *y = norm->op->at_inference(norm, graph, norm->in);
    assert_ptr_equal(y->node->op, &fv_batch_norm_inference_op);
    assert_true(fv_shape_equal(&x->shape, &y->shape));
}

/* ---- Layers that are not ------------------------------------------------------------------------------------------- */

static void bad_convolutions(void **state) {
    (void)state;
    fv_value *x = fv_input(graph, 128, 28, 20);
    int before = graph->n_nodes;
    fv_scope(graph, "layer2.%d", 0);
    assert_fails(fv_conv2d(x, "conv1", 64, 3, .groups = 3),
                 "net/layer2.0.conv1 conv2d: groups 3 does not divide 128 input channels (input [N,128,28,20])");
    assert_fails(fv_conv2d(x, "conv1", 65, 3, .groups = 2),
                 "net/layer2.0.conv1 conv2d: groups 2 does not divide 65 output channels (input [N,128,28,20])");
    assert_fails(fv_conv2d(x, "conv1", 64, 3, .groups = -1),
                 "net/layer2.0.conv1 conv2d: groups -1: must be from 1 to 16777216");
    assert_fails(fv_conv2d(x, "conv1", 0, 3), "net/layer2.0.conv1 conv2d: 0 output channels: must be at least 1");
    assert_fails(fv_conv2d(x, "conv1", 8, 0), "net/layer2.0.conv1 conv2d: kernel 0: must be from 1 to 65535");
    assert_fails(fv_conv2d(x, "conv1", 8, 3, .stride = -2),
                 "net/layer2.0.conv1 conv2d: stride -2: must be from 1 to 65535");
    assert_fails(
        fv_conv2d(x, "conv1", 8, 11, .dilation = 2),
        "net/layer2.0.conv1 conv2d: kernel 11 (dilation 2) is larger than the input's width 20 with padding 0+0");
    assert_fails(fv_conv2d(fv_flatten(x), "conv1", 8, 3),
                 "net/layer2.0.conv1 conv2d: takes images [N,C,H,W] (input [N,71680])");
    assert_int_equal(graph->n_nodes, before + 1); /* the flatten: what failed left nothing behind */
}

static void bad_layers(void **state) {
    (void)state;
    fv_value *x = fv_input(graph, 3, 6, 8), *flat = fv_flatten(x);
    assert_fails(fv_linear(x, "fc", 10),
                 "net/fc linear: takes features [N,F]: put fv_flatten before it (input [N,3,6,8])");
    assert_fails(fv_linear(flat, "fc", -1), "net/fc linear: -1 output features: must be at least 1");
    assert_fails(fv_batch_norm(flat, "bn"), "net/bn batch_norm: takes images [N,C,H,W] (input [N,144])");
    assert_fails(fv_batch_norm(x, "bn", .momentum = 1.5f), "net/bn batch_norm: momentum 1.5: must be from 0 to 1");
    assert_fails(fv_batch_norm(x, "bn", .epsilon = NAN), "net/bn batch_norm: epsilon nan: must be from 0 to 1");
    assert_fails(fv_max_pool(x, 2, .pad = 2, .stride = 1),
                 "net/max_pool max_pool: padding 2+2: a window of kernel 2 lies wholly in it (input [N,3,6,8])");
    assert_fails(fv_avg_pool(x, 7),
                 "net/avg_pool avg_pool: kernel 7 (dilation 1) is larger than the input's height 6 with padding 0+0");
    assert_fails(fv_global_avg_pool(flat),
                 "net/global_avg_pool global_avg_pool: takes images [N,C,H,W] (input [N,144])");
    assert_fails(fv_concat((fv_value *[]){x, fv_max_pool(x, 2)}, 2),
                 "net/concat concat: input 1 is [N,3,6,8], input 2 is [N,3,3,4]: only channels may differ");
    assert_fails(fv_concat(NULL, 0), "concat: 0 values: must be from 1 to 64");
}

static void fused_convolution_has_no_gradient(void **state) {
    (void)state;
    fv_value *x = fv_conv2d(fv_input(graph, 3, 6, 8), "conv", 4, 3), *dx[3] = {0};
    ((fv_conv2d_node_args *)x->node->args)->activation = FV_ACTIVATION_RELU;
    assert_int_equal(x->node->op->grad(x->node, &x, dx), FV_UNSUPPORTED);
    assert_contains(fv_error(), "net/conv conv2d: a fused activation or sum has no gradient");
}

/* ---- Rules of the definitions -------------------------------------------------------------------------------------- */

static void max_pool_ties_and_nan(void **state) {
    (void)state;
    const fv_node *pool = fv_max_pool(fv_input(graph, 1, 2, 6), 2)->node;
    const double x[] = {3, 3, NAN, 1, -1, NAN, /**/ 3, 3, 2, NAN, -1, -2};
    double y[3], winner[3];
    pool->op->ref(pool, (const double *[]){x}, (double *[]){y, winner}, NULL);
    assert_true(y[0] == 3 && isnan(y[1]) && isnan(y[2]));
    assert_true(winner[0] == 0 && winner[1] == 0 && winner[2] == 1);
}

static void batch_norm_of_one_value(void **state) {
    (void)state;
    const fv_node *norm = fv_batch_norm(fv_input(graph, 1, 1, 1), "bn", .momentum = 0.5f)->node;
    double x = 3, one = 1, beta = 7, running_mean = 1, running_var = 1, y, mean, variance, mask;
    norm->op->ref(norm, (const double *[]){&x, &one, &beta, &running_mean, &running_var},
                  (double *[]){&y, &mean, &variance, &mask}, NULL);
    assert_true(y == 7 && mean == 3 && variance == 0 && running_mean == 2 && running_var == 0.5);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_graph, free_graph)
    const struct CMUnitTest tests[] = {
        TEST(convolution_shapes),
        TEST(parameters),
        TEST(no_bias),
        TEST(batch_norm_options),
        TEST(pool_shapes),
        TEST(concat_shapes),
        TEST(null_passes_through),
        TEST(inference_form),
        TEST(bad_convolutions),
        TEST(bad_layers),
        TEST(fused_convolution_has_no_gradient),
        TEST(max_pool_ties_and_nan),
        TEST(batch_norm_of_one_value),
    };
    return cmocka_run_group_tests_name("layers", tests, NULL, NULL);
}
