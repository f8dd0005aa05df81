/* Reorder of a parameter, or of its gradient: y = the sum of x's parts, in another layout. The engine puts one where a
 * kernel wants a parameter differently from how it lies; the layout of the output is set before plan(). FV_WINOGRAD is made
 * of a plain weight by a kernel of its own. */
#include "kernels/cpu.h"
#include "kernels/dnn.h"
#include "ops/conv2d.h"
#include "ops/elementwise.h"
#include "ops/reorder.h"
#include "ops/rooms.h"

#include <string.h>

static size_t bytes_of(const fv_node *node, const fv_layout *layout) {
    if (layout->kind == FV_OPAQUE) return fv_dnn_layout_bytes(layout->opaque);
    return fv_shape_count(&node->in[0]->shape) * sizeof(float);
}

static void free_primitive(void *primitive) { fv_prim_free(primitive); }

/* The state is oneDNN's reorder; NULL where only parts are added up. */
static fv_status plan(fv_step *step) {
    const fv_layout *from = &step->in_layout[0], *to = &step->out_layout[0];
    fv_prim *primitive = NULL;
    if (!fv_dnn_layout_equal(from->opaque, to->opaque)) {
        FV_TRY(fv_dnn_reorder_new(from->opaque, to->opaque, &primitive));
        step->refused = primitive == NULL;
    }
    step->state = primitive;
    step->free_state = free_primitive;
    if (primitive) step->detail = fv_prim_implementation(primitive);
    /* oneDNN's scratch, and before it the sum of the parts. */
    if (from->parts > 1 && primitive) step->scratch_bytes = (bytes_of(step->node, from) + 63) / 64 * 64;
    if (primitive) step->scratch_bytes += fv_prim_scratch(primitive);
    return FV_OK;
}

static void run(const fv_step *step, int thread, int nthreads) {
    (void)thread, (void)nthreads;
    const int parts = step->in_layout[0].parts > 1 ? step->in_layout[0].parts : 1;
    const size_t count = step->in_bytes[0] / sizeof(float);
    float *sum = step->state ? step->scratch : step->out[0];
    size_t used = parts > 1 ? (step->in_bytes[0] + 63) / 64 * 64 : 0;
    if (parts > 1 || !step->state) fv_simd_pick()->sum_parts(count, parts, count, step->in[0], sum);
    if (!step->state) return;
    fv_prim_args args = {.src = parts > 1 ? sum : step->in[0],
                         .dst = step->out[0],
                         .scratch = used ? (unsigned char *)step->scratch + used : step->scratch};
    fv_step_ended(step, fv_prim_run(step->state, &args));
}

static const fv_kernel kernels[] = {
    [FV_REORDER] = {"simd", FV_PLAIN, FV_PLAIN, FV_SOLO, NULL, plan, run},
    [FV_TRANSFORM] = {"winograd", FV_PLAIN, FV_WINOGRAD, 0, NULL, fv_winograd_plan_transform,
                      fv_winograd_run_transform},
};

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    memcpy(out[0], in[0], fv_elements(node) * sizeof(double));
}

const fv_op fv_reorder_parameter_op = {
    .name = "reorder_parameter",
    .flags = FV_OP_ANY_LAYOUT,
    .weight_out = 1,
    .ref = ref,
    FV_FLAT_OP(1, kernels),
};
