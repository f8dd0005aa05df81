/* Convolution, linear, pooling, batch norm and concat against PyTorch's float64 (golden/make_layers.py): `ref`, the
 * gradient it emits, and every kernel. */
#include "ops/lab.h"
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct golden {
    const char *op;
    const char *args; /* names and values of its table; others have their defaults */
    int n_in;
    struct {
        char kind; /* x activation, p parameter, g given, s state, v positive state */
        fv_shape shape;
    } in[6];
    const double *y, *dx[6], *written[6];
} golden;

static const golden goldens[] = {
#include "golden/layers.inc"
};

/* ---- Building ------------------------------------------------------------------------------------------------------ */

static void set_argument(const fv_arg *arg, void *args, int item, double number) {
    unsigned char *at = (unsigned char *)args + arg->offset;
    if (arg->type == FV_ARG_INT) ((int *)(void *)at)[item] = (int)number;
    if (arg->type == FV_ARG_FLOAT) ((float *)(void *)at)[item] = (float)number;
    if (arg->type == FV_ARG_BOOL) ((bool *)(void *)at)[item] = number != 0;
}

/* Where the values of an argument begin in "name 1 2 other 3"; NULL: it is not there. */
static const char *find_values(const char *text, const char *name) {
    size_t length = strlen(name);
    for (const char *at = text; (at = strstr(at, name)); at++)
        if ((at == text || at[-1] == ' ') && at[length] == ' ') return at + length;
    return NULL;
}

static void parse_arguments(const fv_op *op, const char *text, void *args) {
    for (int a = 0; a < op->n_args; a++) {
        const fv_arg *arg = &op->args[a];
        char *at = (char *)(uintptr_t)find_values(text, arg->name);
        for (int i = 0; i < arg->count; i++) set_argument(arg, args, i, at ? strtod(at, &at) : arg->standard);
    }
}

static const golden *current;

static fv_value *build(lab *l) {
    const fv_op *op = fv_op_named(current->op);
    _Alignas(16) unsigned char args[256] = {0};
    assert_true(op && op->args_size <= sizeof args);
    parse_arguments(op, current->args, args);
    fv_value *in[6];
    for (int i = 0; i < current->n_in; i++) {
        char name[] = {(char)('a' + i), '\0'};
        fv_shape shape = current->in[i].shape;
        switch (current->in[i].kind) {
        case 'x':
            in[i] = lab_input(l, shape, LAB_ZERO);
            break;
        case 'p':
            in[i] = lab_parameter(l, name, shape, LAB_ZERO);
            break;
        case 'g':
            in[i] = lab_given(l, shape, LAB_ZERO);
            break;
        default:
            in[i] = lab_state(l, name, shape, LAB_ZERO);
        }
    }
    if (!current->dx[0])
        for (int i = 0; i < current->n_in; i++) in[i]->needs_grad = false;
    return fv_node_new(l->graph, op, NULL, args, in, current->n_in);
}

/* As in make_layers.py. */
static void fill(double *values, size_t count, unsigned which, bool positive) {
    for (size_t i = 0; i < count; i++) {
        int six_bits = (int)(((uint32_t)i + 1000 * which) * 2654435761u >> 26);
        values[i] = positive ? 0.5 + six_bits / 64.0 : (six_bits - 32) / 16.0;
    }
}

/* ---- Comparing ----------------------------------------------------------------------------------------------------- */

static void compare(lab *l, const char *what, int index, const double *is, const double *should,
                    const fv_shape *shape) {
    for (size_t i = 0; i < fv_shape_count(shape); i++)
        if (!(fabs(is[i] - should[i]) <= 1e-12 * (1 + fabs(should[i]))))
            fail_msg("%s: %s %d, element %zu: %.15g, PyTorch %.15g", lab_describe(l), what, index, i, is[i], should[i]);
}

static void equals_pytorch(void **state) {
    enum { DY = 9 };
    current = *state;
    lab l = lab_begin(&(lab_case){.name = current->op, .build = build}, 0, false);
    const fv_node *node = l.node;
    for (int i = 0; i < node->n_in; i++)
        fill(lab_numbers(&l, node->in[i]), fv_shape_count(&node->in[i]->shape), (unsigned)i,
             current->in[i].kind == 'v');
    if (l.dy) fill(lab_numbers(&l, l.dy), fv_shape_count(&l.dy->shape), DY, false);
    lab_evaluate(&l);
    compare(&l, "output", 0, lab_numbers(&l, &node->out[0]), current->y, &node->out[0].shape);
    for (int i = 0; i < node->n_in; i++) {
        const fv_shape *shape = &node->in[i]->shape;
        assert_int_equal(current->dx[i] != NULL, l.dx[i] != NULL);
        if (l.dx[i]) compare(&l, "gradient of input", i, lab_numbers(&l, l.dx[i]), current->dx[i], shape);
        const double *written = l.written[node->in[i]->node->id];
        assert_int_equal(current->written[i] != NULL, written != NULL);
        if (written) compare(&l, "updated input", i, written, current->written[i], shape);
    }
    lab_compare_kernels(&l, 1e-5);
    lab_end(&l);
}

int main(int argc, char **argv) {
    (void)argc;
    lab_wait_passively(argv);
    struct CMUnitTest tests[FV_COUNT(goldens)];
    static char names[FV_COUNT(goldens)][128];
    for (int i = 0; i < FV_COUNT(goldens); i++) {
        snprintf(names[i], sizeof names[i], "%s %s", goldens[i].op, goldens[i].args);
        tests[i] = (struct CMUnitTest){
            .name = names[i], .test_func = equals_pytorch, .initial_state = (void *)(uintptr_t)&goldens[i]};
    }
    return cmocka_run_group_tests_name("PyTorch's numbers", tests, NULL, NULL);
}
