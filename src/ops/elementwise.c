#include "ops/elementwise.h"

#include "kernels/cpu.h"

#include <string.h>

fv_status fv_infer_same(const fv_node *node, fv_shape out[]) {
    out[0] = node->in[0]->shape;
    return FV_OK;
}

fv_status fv_grad_by_output(fv_node *node, const fv_op *backward, fv_value *const dy[], fv_value *dx[]) {
    dx[0] = fv_node_backward(node, backward, (fv_value *[]){&node->out[0], dy[0]}, 2);
    return dx[0] ? FV_OK : fv_last_status();
}

fv_status fv_grad_by_input(fv_node *node, const fv_op *backward, fv_value *const dy[], fv_value *dx[]) {
    dx[0] = fv_node_backward(node, backward, (fv_value *[]){node->in[0], dy[0]}, 2);
    return dx[0] ? FV_OK : fv_last_status();
}

fv_range fv_own_range(const fv_shape *shape, fv_layout_kind kind, int thread, int nthreads) {
    int items = kind == FV_BATCH ? fv_groups(shape->dim[0]) : shape->dim[0], begin, end;
    size_t item = fv_layout_count(shape, kind) / (size_t)items;
    fv_share(items, thread, nthreads, &begin, &end);
    return (fv_range){(size_t)begin * item, (size_t)end * item};
}

fv_flat fv_flat_share(const fv_step *step, int thread, int nthreads) {
    fv_range own = fv_own_range(&step->node->out[0].shape, step->out_layout[0].kind, thread, nthreads);
    fv_flat flat = {.count = own.end - own.begin, .out = (float *)step->out[0] + own.begin};
    for (int i = 0; i < step->node->n_in && i < 2; i++) flat.in[i] = (const float *)step->in[i] + own.begin;
    return flat;
}

static void run_in_chunks(const fv_step *step, fv_range own, void (*apply)(const fv_step *step, const fv_flat *f)) {
    enum { CHUNK = 1024 }; /* all three stay in the first cache */
    const fv_simd *simd = fv_simd_pick();
    float in[2][CHUNK], out[CHUNK];
    fv_flat flat = {.in = {in[0], step->node->n_in > 1 ? in[1] : NULL}, .out = out};
    for (size_t at = own.begin; at < own.end; at += flat.count) {
        flat.count = own.end - at < CHUNK ? own.end - at : CHUNK;
        for (int i = 0; i < step->node->n_in && i < 2; i++)
            simd->widen(flat.count, (const uint16_t *)step->in[i] + at, in[i]);
        apply(step, &flat);
        simd->narrow(flat.count, out, (uint16_t *)step->out[0] + at);
    }
}

void fv_flat_run(const fv_step *step, int thread, int nthreads, void (*apply)(const fv_step *step, const fv_flat *f)) {
    fv_layout_kind kind = step->out_layout[0].kind;
    if (fv_layout_precision(kind) == FV_BF16) {
        run_in_chunks(step, fv_own_range(&step->node->out[0].shape, kind, thread, nthreads), apply);
        return;
    }
    fv_flat flat = fv_flat_share(step, thread, nthreads);
    apply(step, &flat);
}

void fv_zero_lanes(const fv_step *step, int thread, int nthreads) {
    const fv_shape *shape = &step->node->out[0].shape;
    size_t block = (size_t)fv_block(), used = (size_t)shape->dim[1] % block;
    if (step->out_layout[0].kind != FV_BLOCKED || used == 0) return;
    size_t image = fv_layout_count(shape, FV_BLOCKED) / (size_t)shape->dim[0];
    size_t last = fv_shape_count(shape) / (size_t)shape->dim[0] / (size_t)shape->dim[1] * block; /* of an image */
    fv_range own = fv_own_range(shape, FV_BLOCKED, thread, nthreads);
    float *y = step->out[0];
    for (size_t end = own.begin + image; end <= own.end; end += image)
        for (size_t at = end - last; at < end; at += block) memset(y + at + used, 0, (block - used) * sizeof *y);
}
