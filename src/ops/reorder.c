/* Reorder: y = x in another layout. The layout pass puts one between kernels that disagree, after autodiff, so that it
 * needs no gradient. Shares are those of FV_BATCH (groups of images) where it takes part, single images elsewhere. */
#include "ops/reorder.h"

#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

#include <string.h>

/* ---- FV_BLOCKED, by images ------------------------------------------------------------------------------------- */

static void block_image(int channels, size_t size, const float *plain, float *blocked) {
    const int block = fv_block();
    for (int c = 0; c < channels; c += block) {
        int lanes = channels - c < block ? channels - c : block;
        for (size_t i = 0; i < size; i++, blocked += block) {
            for (int lane = 0; lane < lanes; lane++) blocked[lane] = plain[(size_t)(c + lane) * size + i];
            for (int lane = lanes; lane < block; lane++) blocked[lane] = 0;
        }
    }
}

static void unblock_image(int channels, size_t size, const float *blocked, float *plain) {
    const int block = fv_block();
    for (int c = 0; c < channels; c += block) {
        int lanes = channels - c < block ? channels - c : block;
        for (size_t i = 0; i < size; i++, blocked += block)
            for (int lane = 0; lane < lanes; lane++) plain[(size_t)(c + lane) * size + i] = blocked[lane];
    }
}

/* Calls `move` for each of a thread's images, which take so many floats in the input and in the output. */
static void each_image(const fv_step *step, const fv_shape *map, int thread, int nthreads, size_t in, size_t out,
                       void (*move)(int channels, size_t size, const float *from, float *to)) {
    int begin, end, channels = map->dim[1];
    size_t size = fv_shape_count(map) / (size_t)map->dim[0] / (size_t)channels;
    fv_share(map->dim[0], thread, nthreads, &begin, &end);
    for (size_t i = (size_t)begin; i < (size_t)end; i++)
        move(channels, size, (const float *)step->in[0] + i * in, (float *)step->out[0] + i * out);
}

static size_t image_floats(const fv_shape *map, fv_layout_kind kind) {
    return fv_layout_count(map, kind) / (size_t)map->dim[0];
}

void fv_block_images(const fv_step *step, const fv_shape *map, int thread, int nthreads) {
    each_image(step, map, thread, nthreads, image_floats(map, FV_PLAIN), image_floats(map, FV_BLOCKED), block_image);
}

void fv_unblock_images(const fv_step *step, const fv_shape *map, int thread, int nthreads) {
    each_image(step, map, thread, nthreads, image_floats(map, FV_BLOCKED), image_floats(map, FV_PLAIN), unblock_image);
}

static void run_to_blocked(const fv_step *step, int thread, int nthreads) {
    fv_block_images(step, &step->node->out[0].shape, thread, nthreads);
}

static void run_from_blocked(const fv_step *step, int thread, int nthreads) {
    fv_unblock_images(step, &step->node->out[0].shape, thread, nthreads);
}

/* ---- FV_BATCH, by groups of images ------------------------------------------------------------------------------- */

static void run_to_batch(const fv_step *step, int thread, int nthreads) {
    const fv_shape *shape = &step->node->out[0].shape;
    int begin, end, images = shape->dim[0];
    fv_share(fv_groups(images), thread, nthreads, &begin, &end);
    fv_simd_pick()->plain_to_batch(images, image_floats(shape, FV_PLAIN), begin, end, step->in[0], step->out[0]);
}

static void run_from_batch(const fv_step *step, int thread, int nthreads) {
    const fv_shape *shape = &step->node->out[0].shape;
    int begin, end, images = shape->dim[0];
    fv_share(fv_groups(images), thread, nthreads, &begin, &end);
    fv_simd_pick()->batch_to_plain(images, image_floats(shape, FV_PLAIN), begin, end, step->in[0], step->out[0]);
}

static const fv_kernel kernels[] = {
    {"simd", FV_PLAIN, FV_BATCH, FV_LOCAL, NULL, NULL, run_to_batch},
    {"simd", FV_BATCH, FV_PLAIN, FV_LOCAL, NULL, NULL, run_from_batch},
    {"simd", FV_PLAIN, FV_BLOCKED, FV_LOCAL, NULL, NULL, run_to_blocked},
    {"simd", FV_BLOCKED, FV_PLAIN, FV_LOCAL, NULL, NULL, run_from_blocked},
};

/* ---- Definition ------------------------------------------------------------------------------------------------ */

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    memcpy(out[0], in[0], fv_elements(node) * sizeof(double));
}

const fv_op fv_reorder_op = {.name = "reorder", .ref = ref, FV_FLAT_OP(1, kernels)};
