/* `ref` of element-wise operators, softmax and losses against PyTorch's float64 (golden/make_math.py). */
#include "core/arena.h"
#include "ops/kernel.h"
#include "ops/loss.h"
#include "ops/rooms.h"
#include "support/unit.h"

#include <math.h>
#include <string.h>

enum { ROWS = 4, CLASSES = 6, COUNT = ROWS * CLASSES };

static const struct golden {
    const char *name;
    double y[COUNT], dx[COUNT];
} goldens[] = {
#include "golden/math.inc"
};

/* ---- The inputs of make_math.py ---------------------------------------------------------------------------------- */

static double x_at(int i) { return ((i * 37 + 11) % 64 - 32) / 4.0; }
static double dy_at(int i) { return ((i * 29 + 5) % 32 - 16) / 8.0; }
static double hard_at(int i) { return i % CLASSES == (i / CLASSES * 5 + 2) % CLASSES; }
static double label_at(int i) { return (i * 3 + 1) % 5 / 4.0; }

static double binary_at(int i) { return rint(label_at(i)); }

/* Row 1 is left out; its label would be 4. */
static double ignored_at(int i) {
    static const int labels[ROWS] = {2, 4, 1, 5};
    return i / CLASSES == 1 ? -1 : i % CLASSES == labels[i / CLASSES];
}

static double soft_at(int i) {
    double sum = 0;
    for (int c = i / CLASSES * CLASSES; c < (i / CLASSES + 1) * CLASSES; c++) sum += (c * 7 + 3) % 11 + 1;
    return ((i * 7 + 3) % 11 + 1) / sum;
}

static const float weights[CLASSES] = {0.25f, 1, 0, 0.75f, 1.5f, 0.5f}; /* (c * 3 + 1) % 7 / 4 */

/* ---- Building ---------------------------------------------------------------------------------------------------- */

static fv_value *leaky_relu(fv_value *x) { return fv_leaky_relu(x, .slope = 0.25f); }

static const struct build {
    const char *name;
    fv_value *(*activation)(fv_value *x); /* or, where NULL, ... */
    fv_loss loss;
    double (*target)(int i);
} builds[] = {
    {"relu", fv_relu, {0}, NULL},
    {"leaky_relu", leaky_relu, {0}, NULL},
    {"relu6", fv_relu6, {0}, NULL},
    {"sigmoid", fv_sigmoid, {0}, NULL},
    {"tanh", fv_tanh, {0}, NULL},
    {"hard_sigmoid", fv_hard_sigmoid, {0}, NULL},
    {"hard_swish", fv_hard_swish, {0}, NULL},
    {"softmax", fv_softmax, {0}, NULL},
    {"cross_entropy", NULL, {.kind = FV_CROSS_ENTROPY}, hard_at},
    {"cross_entropy soft", NULL, {.kind = FV_CROSS_ENTROPY}, soft_at},
    {"cross_entropy smooth", NULL, {.kind = FV_CROSS_ENTROPY, .label_smoothing = 0.125f}, hard_at},
    {"cross_entropy soft smooth", NULL, {.kind = FV_CROSS_ENTROPY, .label_smoothing = 0.125f}, soft_at},
    {"cross_entropy weights", NULL, {.kind = FV_CROSS_ENTROPY, .class_weights = weights}, hard_at},
    {"cross_entropy weights smooth",
     NULL,
     {.kind = FV_CROSS_ENTROPY, .class_weights = weights, .label_smoothing = 0.125f},
     hard_at},
    {"bce", NULL, {.kind = FV_BCE}, label_at},
    {"bce pos_weight", NULL, {.kind = FV_BCE, .pos_weight = 2.5f}, label_at},
    {"bce smooth", NULL, {.kind = FV_BCE, .label_smoothing = 0.125f}, label_at},
    {"cross_entropy ignore", NULL, {.kind = FV_CROSS_ENTROPY, .ignore = true}, ignored_at},
    {"cross_entropy ignore weights", NULL, {.class_weights = weights, .ignore = true}, ignored_at},
    {"focal", NULL, {.kind = FV_FOCAL}, hard_at},
    {"focal smooth", NULL, {.kind = FV_FOCAL, .gamma = 0.5f, .label_smoothing = 0.125f}, hard_at},
    {"focal weights", NULL, {.kind = FV_FOCAL, .class_weights = weights}, soft_at},
    {"bce focal", NULL, {.kind = FV_BCE, .gamma = 2, .alpha = 0.25f}, binary_at},
    {"bce focal alone", NULL, {.kind = FV_BCE, .gamma = 1.5f}, binary_at},
};

static void close_to(const char *name, const char *what, const double *is, const double *should, int count) {
    for (int i = 0; i < count; i++)
        if (!(fabs(is[i] - should[i]) <= 1e-12))
            fail_msg("%s: %s[%d]: %.17g, PyTorch %.17g", name, what, i, is[i], should[i]);
}

static void check_activation(const struct build *b, const struct golden *g, fv_value *x) {
    double in[COUNT], dy[COUNT], y[COUNT], dx[COUNT];
    for (int i = 0; i < COUNT; i++) in[i] = x_at(i), dy[i] = dy_at(i);
    fv_node *node = b->activation(x)->node;
    fv_value *given = fv_input_shaped(node->graph, "dy", &x->shape), *gradient = NULL;
    node->op->ref(node, (const double *[]){in}, (double *[]){y}, NULL);
    assert_int_equal(node->op->grad(node, &given, &gradient), FV_OK);
    const fv_node *backward = gradient->node;
    bool by_output = backward->in[0] == &node->out[0];
    if (!by_output) assert_ptr_equal(backward->in[0], x);
    assert_ptr_equal(backward->in[1], given);
    backward->op->ref(backward, (const double *[]){by_output ? y : in, dy}, (double *[]){dx}, NULL);
    close_to(b->name, "y", y, g->y, COUNT);
    close_to(b->name, "dx", dx, g->dx, COUNT);
}

static void check_loss(const struct build *b, const struct golden *g, fv_value *x) {
    double in[COUNT], target[COUNT], loss, dx[COUNT];
    for (int i = 0; i < COUNT; i++) in[i] = x_at(i), target[i] = b->target(i);
    fv_graph *graph = fv_value_graph(x);
    fv_value *y = fv_loss_node(graph, &b->loss, x, fv_input_shaped(graph, "target", &x->shape));
    if (!y) fail_msg("%s: %s", b->name, fv_error());
    y->node->op->ref(y->node, (const double *[]){in, target}, (double *[]){&loss, dx}, NULL);
    close_to(b->name, "loss", &loss, g->y, 1);
    close_to(b->name, "dx", dx, g->dx, COUNT);
}

static void equals_pytorch(void **state) {
    const struct build *b = *state;
    fv_graph *graph = fv_graph_new("golden");
    fv_value *x = fv_input_shaped(graph, "x", &FV_SHAPE(ROWS, CLASSES));
    const struct golden *g = goldens;
    while (strcmp(g->name, b->name) != 0) g++;
    (b->activation ? check_activation : check_loss)(b, g, x);
    fv_graph_free(graph);
}

int main(void) {
    struct CMUnitTest tests[FV_COUNT(builds)];
    assert_int_equal(FV_COUNT(builds), FV_COUNT(goldens));
    for (int i = 0; i < FV_COUNT(builds); i++)
        tests[i] = (struct CMUnitTest){
            .name = builds[i].name, .test_func = equals_pytorch, .initial_state = (void *)(uintptr_t)&builds[i]};
    return cmocka_run_group_tests_name("PyTorch's numbers", tests, NULL, NULL);
}
