#include "ops/kernel.h"

#include "kernels/cpu.h"

static size_t round_up(size_t count, size_t to) { return (count + to - 1) / to * to; }

size_t fv_layout_count(const fv_shape *shape, fv_layout_kind kind) {
    size_t count = fv_shape_count(shape);
    if (shape->rank < 2) return count;
    size_t n = (size_t)shape->dim[0], c = (size_t)shape->dim[1];
    if (kind == FV_BATCH) return count / n * round_up(n, FV_BATCH_WIDTH);
    if (kind == FV_BLOCKED || kind == FV_BLOCKED_BF16) return count / c * round_up(c, (size_t)fv_block());
    return count;
}
