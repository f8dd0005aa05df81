/* Reorder: y = x in another layout. The layout pass puts one between kernels that disagree, after autodiff, so that it
 * needs no gradient. Shares are those of FV_BATCH (groups of images) where it takes part, single images elsewhere. */
#include "ops/reorder.h"

#include "kernels/cpu.h"
#include "ops/elementwise.h"
#include "ops/rooms.h"

#include <string.h>

/* ---- FV_BLOCKED and FV_BLOCKED_BF16, by images ------------------------------------------------------------------- */

enum { MAX_LANES = 16 };

/* One place of a block of channels, `lanes` of which there are. */
static void block_place(size_t size, int lanes, const float *plain, float *place) {
    for (int lane = 0; lane < lanes; lane++) place[lane] = plain[(size_t)lane * size];
    for (int lane = lanes; lane < fv_block(); lane++) place[lane] = 0;
}

static void unblock_place(size_t size, int lanes, const float *place, float *plain) {
    for (int lane = 0; lane < lanes; lane++) plain[(size_t)lane * size] = place[lane];
}

static int lanes_at(int channels, int c) { return channels - c < fv_block() ? channels - c : fv_block(); }

static void block_image(int channels, size_t size, const void *from, void *to) {
    const float *plain = from;
    float *blocked = to;
    for (int c = 0; c < channels; c += fv_block())
        for (size_t i = 0; i < size; i++, blocked += fv_block())
            block_place(size, lanes_at(channels, c), plain + (size_t)c * size + i, blocked);
}

static void unblock_image(int channels, size_t size, const void *from, void *to) {
    const float *blocked = from;
    float *plain = to;
    for (int c = 0; c < channels; c += fv_block())
        for (size_t i = 0; i < size; i++, blocked += fv_block())
            unblock_place(size, lanes_at(channels, c), blocked, plain + (size_t)c * size + i);
}

static void block_image_bf16(int channels, size_t size, const void *from, void *to) {
    const float *plain = from;
    uint16_t *blocked = to;
    float place[MAX_LANES];
    for (int c = 0; c < channels; c += fv_block())
        for (size_t i = 0; i < size; i++, blocked += fv_block()) {
            block_place(size, lanes_at(channels, c), plain + (size_t)c * size + i, place);
            fv_simd_pick()->narrow((size_t)fv_block(), place, blocked);
        }
}

static void unblock_image_bf16(int channels, size_t size, const void *from, void *to) {
    const uint16_t *blocked = from;
    float *plain = to, place[MAX_LANES];
    for (int c = 0; c < channels; c += fv_block())
        for (size_t i = 0; i < size; i++, blocked += fv_block()) {
            fv_simd_pick()->widen((size_t)fv_block(), blocked, place);
            unblock_place(size, lanes_at(channels, c), place, plain + (size_t)c * size + i);
        }
}

typedef void move_image(int channels, size_t size, const void *from, void *to);

static size_t image_values(const fv_shape *map, fv_layout_kind kind) {
    return fv_layout_count(map, kind) / (size_t)map->dim[0];
}

/* Calls `move` for each of a thread's images. */
static void each_image(const fv_step *step, const fv_shape *map, int thread, int nthreads, fv_layout_kind from,
                       fv_layout_kind to, move_image *move) {
    int begin, end, channels = map->dim[1];
    size_t size = fv_shape_count(map) / (size_t)map->dim[0] / (size_t)channels;
    size_t in = image_values(map, from) * fv_layout_width(from), out = image_values(map, to) * fv_layout_width(to);
    fv_share(map->dim[0], thread, nthreads, &begin, &end);
    for (size_t i = (size_t)begin; i < (size_t)end; i++)
        move(channels, size, (const unsigned char *)step->in[0] + i * in, (unsigned char *)step->out[0] + i * out);
}

void fv_block_images(const fv_step *step, const fv_shape *map, int thread, int nthreads) {
    each_image(step, map, thread, nthreads, FV_PLAIN, FV_BLOCKED, block_image);
}

void fv_unblock_images(const fv_step *step, const fv_shape *map, int thread, int nthreads) {
    each_image(step, map, thread, nthreads, FV_BLOCKED, FV_PLAIN, unblock_image);
}

static void run_to_blocked(const fv_step *step, int thread, int nthreads) {
    fv_block_images(step, &step->node->out[0].shape, thread, nthreads);
}

static void run_from_blocked(const fv_step *step, int thread, int nthreads) {
    fv_unblock_images(step, &step->node->out[0].shape, thread, nthreads);
}

static void run_to_bf16(const fv_step *step, int thread, int nthreads) {
    each_image(step, &step->node->out[0].shape, thread, nthreads, FV_PLAIN, FV_BLOCKED_BF16, block_image_bf16);
}

static void run_from_bf16(const fv_step *step, int thread, int nthreads) {
    each_image(step, &step->node->out[0].shape, thread, nthreads, FV_BLOCKED_BF16, FV_PLAIN, unblock_image_bf16);
}

static void run_narrow(const fv_step *step, int thread, int nthreads) {
    fv_range own = fv_own_range(&step->node->out[0].shape, FV_BLOCKED, thread, nthreads);
    fv_simd_pick()->narrow(own.end - own.begin, (const float *)step->in[0] + own.begin,
                           (uint16_t *)step->out[0] + own.begin);
}

static void run_widen(const fv_step *step, int thread, int nthreads) {
    fv_range own = fv_own_range(&step->node->out[0].shape, FV_BLOCKED, thread, nthreads);
    fv_simd_pick()->widen(own.end - own.begin, (const uint16_t *)step->in[0] + own.begin,
                          (float *)step->out[0] + own.begin);
}

/* ---- FV_BATCH, by groups of images ------------------------------------------------------------------------------- */

static void run_to_batch(const fv_step *step, int thread, int nthreads) {
    const fv_shape *shape = &step->node->out[0].shape;
    int begin, end, images = shape->dim[0];
    fv_share(fv_groups(images), thread, nthreads, &begin, &end);
    fv_simd_pick()->plain_to_batch(images, image_values(shape, FV_PLAIN), begin, end, step->in[0], step->out[0]);
}

static void run_from_batch(const fv_step *step, int thread, int nthreads) {
    const fv_shape *shape = &step->node->out[0].shape;
    int begin, end, images = shape->dim[0];
    fv_share(fv_groups(images), thread, nthreads, &begin, &end);
    fv_simd_pick()->batch_to_plain(images, image_values(shape, FV_PLAIN), begin, end, step->in[0], step->out[0]);
}

static const fv_kernel kernels[] = {
    {"simd", FV_PLAIN, FV_BATCH, FV_LOCAL, NULL, NULL, run_to_batch},
    {"simd", FV_BATCH, FV_PLAIN, FV_LOCAL, NULL, NULL, run_from_batch},
    {"simd", FV_PLAIN, FV_BLOCKED, FV_LOCAL, NULL, NULL, run_to_blocked},
    {"simd", FV_BLOCKED, FV_PLAIN, FV_LOCAL, NULL, NULL, run_from_blocked},
    {"simd", FV_PLAIN, FV_BLOCKED_BF16, FV_LOCAL, NULL, NULL, run_to_bf16},
    {"simd", FV_BLOCKED_BF16, FV_PLAIN, FV_LOCAL, NULL, NULL, run_from_bf16},
    {"simd", FV_BLOCKED, FV_BLOCKED_BF16, FV_LOCAL, NULL, NULL, run_narrow},
    {"simd", FV_BLOCKED_BF16, FV_BLOCKED, FV_LOCAL, NULL, NULL, run_widen},
};

/* ---- Definition ------------------------------------------------------------------------------------------------ */

static void ref(const fv_node *node, const double *const in[], double *const out[], const fv_run_env *env) {
    (void)env;
    memcpy(out[0], in[0], fv_elements(node) * sizeof(double));
}

const fv_op fv_reorder_op = {.name = "reorder", .ref = ref, FV_FLAT_OP(1, kernels)};
