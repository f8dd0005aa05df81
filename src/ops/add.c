/* Addition: y = a + b, equal shapes of rank 1 or more. Both gradients are dy itself. */
#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

static fv_status infer(const fv_node *node, fv_shape out[]) {
    const fv_shape *a = &node->in[0]->shape, *b = &node->in[1]->shape;
    char text[2][64];
    if (a->rank == 0 || !fv_shape_equal(a, b))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "inputs of shapes %s and %s: must be equal, and no scalars",
                            fv_shape_text(a, true, text[0]), fv_shape_text(b, true, text[1]));
    return fv_infer_same(node, out);
}

static fv_status grad(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    for (int i = 0; i < 2; i++)
        if (node->in[i]->needs_grad) dx[i] = dy[0];
    return FV_OK;
}

static void apply(const fv_step *step, const fv_flat *f) {
    (void)step;
    fv_simd_pick()->add(f->count, f->in[0], f->in[1], f->out);
}

static void run(const fv_step *step, int thread, int nthreads) { fv_flat_run(step, thread, nthreads, apply); }

static const fv_kernel kernels[] = {FV_FLAT_KERNELS(run) FV_FLAT_BF16_KERNEL(run)};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    for (size_t i = 0; i < fv_elements(node); i++) out[0][i] = in[0][i] + in[1][i];
}

const fv_op fv_add_op = {
    .name = "add",
    .onnx = "Add",
    .min_in = 2,
    .max_in = 2,
    .n_out = 1,
    .flags = FV_OP_IN_PLACE,
    .infer = infer,
    .grad = grad,
    .again = fv_node_again,
    .ref = ref,
    .kernels = kernels,
    .n_kernels = FV_COUNT(kernels),
};

fv_value *fv_add(fv_value *a, fv_value *b) {
    return fv_node_new(fv_value_graph(a), &fv_add_op, NULL, NULL, (fv_value *[]){a, b}, 2);
}
