#include "ops/channels.h"

#include "core/memory.h"
#include "kernels/cpu.h"

#include <string.h>

enum { MAX_BLOCK = 16 };

/* A run of copies, all of one input: `count` channels to `to`, from `from` on. In FV_BLOCKED a run is one block of the
 * input, and the lanes that it gives to a block of the output. */
typedef struct piece {
    int input; /* -1: zeros */
    int to, from, count;
    int32_t lane[MAX_BLOCK];
} piece;

typedef struct pieces {
    int count;
    piece piece[];
} pieces;

/* ---- Planning ------------------------------------------------------------------------------------------------------ */

/* Runs of consecutive channels; `runs` has room for one a channel. */
static int find_runs(const fv_node *node, fv_channel_map *map, piece *runs) {
    int n = 0;
    for (int c = 0; c < node->out[0].shape.dim[1]; c++) {
        fv_channel source = map(node, c);
        bool goes_on = n && runs[n - 1].input == source.input &&
                       (source.input < 0 || runs[n - 1].from + runs[n - 1].count == source.channel);
        if (!goes_on) runs[n++] = (piece){.input = source.input, .to = c, .from = source.channel};
        runs[n - 1].count++;
    }
    return n;
}

/* The piece among blocks [first, n) that is this block of the input; a new one where there is none. Blocks are named by their first
 * channel. */
static piece *find_block(piece *blocks, int first, int *n, int input, int to, int from) {
    for (int i = first; i < *n; i++)
        if (blocks[i].input == input && blocks[i].from == from) return &blocks[i];
    piece *fresh = &blocks[(*n)++];
    *fresh = (piece){.input = input, .to = to, .from = from, .count = fv_block()};
    for (int j = 0; j < MAX_BLOCK; j++) fresh->lane[j] = -1;
    return fresh;
}

static int find_blocks(const fv_node *node, fv_channel_map *map, piece *blocks) {
    const int block = fv_block();
    int n = 0, first = 0;
    for (int c = 0; c < node->out[0].shape.dim[1]; c++) {
        if (c % block == 0) first = n;
        fv_channel source = map(node, c);
        int to = c / block * block, from = source.channel / block * block;
        if (source.input < 0) from = 0;
        piece *p = find_block(blocks, first, &n, source.input, to, from);
        p->lane[c % block] = source.channel - from;
    }
    return n;
}

fv_status fv_plan_channels(fv_step *step, fv_channel_map *map) {
    const fv_node *node = step->node;
    pieces *all = fv_alloc(1, sizeof *all + (size_t)node->out[0].shape.dim[1] * sizeof(piece));
    if (!all) return FV_NO_MEMORY;
    all->count = (step->kernel->out == FV_BLOCKED ? find_blocks : find_runs)(node, map, all->piece);
    step->state = all;
    step->free_state = fv_free;
    return FV_OK;
}

/* ---- Running: a thread its own images ------------------------------------------------------------------------------ */

/* Floats of one image, or group of images in FV_BATCH, of a tensor. */
static size_t image_floats(const fv_shape *shape, fv_layout_kind kind) {
    int images = kind == FV_BATCH ? fv_groups(shape->dim[0]) : shape->dim[0];
    return fv_layout_count(shape, kind) / (size_t)images;
}

static const float *source_of(const fv_step *step, const piece *p, size_t image, size_t channel_floats) {
    if (p->input < 0) return NULL;
    size_t floats = image_floats(&step->node->in[p->input]->shape, step->kernel->in);
    return (const float *)step->in[p->input] + image * floats + (size_t)p->from * channel_floats;
}

static void copy_runs(const fv_step *step, size_t image, size_t channel_floats, float *y) {
    const pieces *all = step->state;
    for (const piece *p = all->piece; p < all->piece + all->count; p++) {
        const float *x = source_of(step, p, image, channel_floats);
        float *to = y + (size_t)p->to * channel_floats;
        size_t bytes = (size_t)p->count * channel_floats * sizeof *to;
        x ? memcpy(to, x, bytes) : memset(to, 0, bytes);
    }
}

static void gather_blocks(const fv_step *step, size_t image, size_t plane, float *y) {
    const pieces *all = step->state;
    fv_lanes lanes[MAX_BLOCK];
    for (const piece *p = all->piece, *end = p + all->count; p < end;) {
        int to = p->to, n = 0;
        for (; p < end && p->to == to; p++) {
            lanes[n].x = source_of(step, p, image, plane);
            memcpy(lanes[n].lane, p->lane, sizeof p->lane);
            n += lanes[n].x != NULL;
        }
        fv_simd_pick()->gather_lanes(plane, fv_block(), n, lanes, y + (size_t)to * plane);
    }
}

void fv_run_channels(const fv_step *step, int thread, int nthreads) {
    const fv_shape *shape = &step->node->out[0].shape;
    fv_layout_kind kind = step->kernel->out;
    size_t floats = image_floats(shape, kind), plane = fv_plane(shape);
    int images = kind == FV_BATCH ? fv_groups(shape->dim[0]) : shape->dim[0], begin, end;
    fv_share(images, thread, nthreads, &begin, &end);
    for (size_t n = (size_t)begin; n < (size_t)end; n++) {
        float *y = (float *)step->out[0] + n * floats;
        if (kind == FV_BLOCKED)
            gather_blocks(step, n, plane, y);
        else
            copy_runs(step, n, kind == FV_BATCH ? plane * FV_BATCH_WIDTH : plane, y);
    }
}

/* ---- Definition ---------------------------------------------------------------------------------------------------- */

void fv_ref_channels(const fv_node *node, fv_channel_map *map, const double *const in[], double *out) {
    const fv_shape *y = &node->out[0].shape;
    size_t plane = fv_plane(y);
    for (size_t n = 0; n < (size_t)y->dim[0]; n++)
        for (int c = 0; c < y->dim[1]; c++) {
            fv_channel s = map(node, c);
            size_t channels = s.input < 0 ? 0 : (size_t)node->in[s.input]->shape.dim[1];
            for (size_t p = 0; p < plane; p++)
                *out++ = s.input < 0 ? 0 : in[s.input][(n * channels + (size_t)s.channel) * plane + p];
        }
}
