/* Winograd's convolution in FV_BLOCKED, a block of tiles at a time: transformed inputs, products and sums stay in the
 * second-level cache as far as the channels allow; transformed weights U stream through it, once a block. */
#include "kernels/simd/winograd2d.h"

enum {
    CACHE = 256 * 1024,         /* bytes of V in a block that one thread has to itself, at least */
    LAST_CACHE = 8192 * 1024,   /* of V in a block that threads share */
    OWN_CACHE = 512 * 1024,     /* of V and M in a block of the weights' gradient, at least */
    SHARED_CACHE = 2048 * 1024, /* the same where threads share it */
    FEW = 4,                    /* threads */
    BAND = 256 * 1024,          /* bytes of M in a band */
    MOST = FV_WINOGRAD_MOST,
};

/* ---- Sizes --------------------------------------------------------------------------------------------------------- */

static int rounds(int count, int by) { return (count + by - 1) / by; }

/* Floats from one point to the next: an odd number of vectors. */
static ptrdiff_t distance(ptrdiff_t floats) { return (floats / WIDTH | 1) * WIDTH; }

/* As many of a thread's tiles as fit, in whole groups; blocks are much of a size. */
static int block_of(const fv_winograd *k, int tiles, size_t bytes, int vectors) {
    size_t tile = (size_t)points_of(k) * (size_t)vectors * WIDTH * sizeof(float);
    int fit = (int)(bytes / tile) / TILES, groups = rounds(tiles, TILES);
    return rounds(groups, rounds(groups, fit < 1 ? 1 : fit)) * TILES;
}

static int band_of(const fv_winograd *k) {
    size_t panel = (size_t)points_of(k) * (size_t)k->block * PANEL * sizeof(float);
    int fit = (int)(BAND / panel);
    return fit < 1 ? 1 : fit < k->panels ? fit : k->panels;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* A block is the larger the more it has to read (and write) of U. Where U is larger than all V, threads read it once between them
 * instead of once each; then each has whole blocks of channels. */
static void share_forward(fv_winograd *k, int threads) {
    const size_t u = (size_t)(points_of(k) * k->u_point) * sizeof(float);
    k->together = k->tiles < k->shape.oc && k->panels >= threads && k->lanes <= PANEL;
    k->block = k->together ? block_of(k, k->tiles, LAST_CACHE, k->slices)
                           : block_of(k, rounds(k->tiles, threads), larger(CACHE, u / 8), k->slices);
    k->band = band_of(k);
}

/* Few threads have panels of their own, and each transforms all inputs for itself: what one core has just written costs another one
 * more to read than to compute. */
static void share_gradient(fv_winograd *k, int threads) {
    const size_t u = (size_t)(points_of(k) * k->u_point) * sizeof(float);
    k->together = threads > FEW || (k->panels % threads && k->panels < 4 * threads);
    k->band = k->together ? k->panels : rounds(k->panels, threads);
    k->block = block_of(k, k->tiles, k->together ? larger(SHARED_CACHE, u / 2) : larger(OWN_CACHE, u / (size_t)threads),
                        k->slices + 2 * k->band);
}

void SIMD(winograd2d_plan)(const fv_conv_shape *s, int lanes, int kind, bool gradient, int threads, fv_winograd *k) {
    *k = (fv_winograd){.shape = *s, .lanes = lanes, .kind = kind, .tile = fv_winograd_tile_of(kind)};
    k->down = rounds(s->oh, k->tile.outputs);
    k->across = rounds(s->ow, k->tile.outputs);
    k->tiles = s->n * k->down * k->across;
    k->slices = rounds(s->ic, WIDTH);
    k->panels = rounds(out_slices(k), 2);
    k->u_point = distance(k->panels * u_panel(k));
    (gradient ? share_gradient : share_forward)(k, threads);
    k->v_point = distance(k->slices * v_slice(k));
    k->m_point = distance(k->band * m_panel(k));
}

size_t SIMD(winograd2d_weights_floats)(const fv_winograd *k) { return (size_t)(points_of(k) * k->u_point); }
size_t SIMD(winograd2d_inputs_floats)(const fv_winograd *k) { return (size_t)(points_of(k) * k->v_point); }
size_t SIMD(winograd2d_products_floats)(const fv_winograd *k) { return (size_t)(points_of(k) * k->m_point); }

/* ---- Places -------------------------------------------------------------------------------------------------------- */

/* A tile: its image, its first output. */
typedef struct place {
    int image, row, column;
} place;

static place place_of(const fv_winograd *k, int tile) {
    int per_image = k->down * k->across, in_image = tile % per_image;
    return (place){tile / per_image, in_image / k->across * k->tile.outputs, in_image % k->across * k->tile.outputs};
}

/* Maps of FV_BLOCKED. */
typedef struct maps {
    int channels, height, width;
} maps;

static maps maps_in(const fv_winograd *k) { return (maps){k->shape.ic, k->shape.ih, k->shape.iw}; }
static maps maps_out(const fv_winograd *k) { return (maps){k->shape.oc, k->shape.oh, k->shape.ow}; }

/* Pixel (0,0) of a vector of channels. */
static size_t map_at(const maps *m, int lanes, int image, int slice) {
    size_t blocks = (size_t)rounds(m->channels, lanes), block = (size_t)(slice * WIDTH / lanes);
    size_t map = (size_t)image * blocks + block, pixels = (size_t)m->height * (size_t)m->width;
    return map * pixels * (size_t)lanes + (size_t)(slice * WIDTH % lanes);
}

static int min(int a, int b) { return a < b ? a : b; }
static int max(int a, int b) { return a > b ? a : b; }

/* Fetches what there is of such a patch, to read it soon, or to write it. */
FV_INLINE void fetch_patch(const maps *m, int lanes, const float *map, int row, int column, int size, const int write) {
    const int bottom = min(row + size, m->height), right = min(column + size, m->width);
    for (int i = max(row, 0); i < bottom; i++)
        for (int j = max(column, 0); j < right; j++)
            __builtin_prefetch(map + ((size_t)i * (size_t)m->width + (size_t)j) * (size_t)lanes, write);
}

/* Calls `spread` on a tile's size x size patch of a vector of channels, `top` and `left` of its first output, zero where it hangs over
 * the map; fetches the next tile's. */
static void spread_patch(const fv_winograd *k, spread_tile *spread, const maps *m, const float *x, int slice, int tile,
                         int top, int left, int size, float *to, ptrdiff_t point) {
    const int lanes = k->lanes;
    const ptrdiff_t pitch = (ptrdiff_t)m->width * lanes;
    const place at = place_of(k, tile), next = place_of(k, tile + 1 < k->tiles ? tile + 1 : tile);
    const float *map = x + map_at(m, lanes, at.image, slice);
    const int row = at.row - top, column = at.column - left;
    float patch[MOST * MOST * WIDTH];
    fetch_patch(m, lanes, x + map_at(m, lanes, next.image, slice), next.row - top, next.column - left, size, 0);
    if (row >= 0 && column >= 0 && row + size <= m->height && column + size <= m->width) {
        spread(&k->tile, map + row * pitch + (ptrdiff_t)column * lanes, pitch, lanes, to, point);
        return;
    }
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            bool inside = row + i >= 0 && row + i < m->height && column + j >= 0 && column + j < m->width;
            store(patch + (i * size + j) * WIDTH,
                  inside ? load(map + (row + i) * pitch + (ptrdiff_t)(column + j) * lanes) : (vf){0});
        }
    spread(&k->tile, patch, size * WIDTH, WIDTH, to, point);
}

/* ---- Weights ------------------------------------------------------------------------------------------------------- */

/* Where a vector of output channels lies in U or M: `panel` floats to a panel. */
static ptrdiff_t in_panels(int slice, ptrdiff_t panel) { return slice / 2 * panel + slice % 2 * WIDTH; }

void SIMD(winograd2d_weights)(const fv_winograd *k, int c0, int c1, const float *w, size_t out, size_t in, bool turned,
                              float *u) {
    const int taps = k->tile.taps * k->tile.taps;
    float patch[MOST * MOST * WIDTH] = {0};
    for (int slice = 0; slice < out_slices(k); slice++) {
        int o = slice * WIDTH, count = k->shape.oc - o < WIDTH ? k->shape.oc - o : WIDTH;
        for (int j = 0; j < WIDTH && count < WIDTH; j++)
            for (int t = 0; t < taps; t++) patch[t * WIDTH + j] = 0;
        for (int c = c0; c < c1; c++) {
            for (int j = 0; j < count; j++) {
                const float *from = w + (size_t)(o + j) * out + (size_t)c * in;
                for (int t = 0; t < taps; t++) patch[(turned ? taps - 1 - t : t) * WIDTH + j] = from[t];
            }
            transforms_of(k)->weights(&k->tile, patch, k->tile.taps * WIDTH, WIDTH,
                                      u + in_panels(slice, u_panel(k)) + c * PANEL, k->u_point);
        }
    }
}

void SIMD(winograd2d_weights_back)(const fv_winograd *k, int c0, int c1, const float *u, float *dw) {
    const int taps = k->tile.taps * k->tile.taps;
    vf patch[MOST * MOST];
    for (int slice = 0; slice * WIDTH < k->shape.oc; slice++)
        for (int c = c0; c < c1; c++) {
            transforms_of(k)->weights_back(&k->tile, u + in_panels(slice, u_panel(k)) + c * PANEL, k->u_point, patch);
            for (int j = 0; j < WIDTH && slice * WIDTH + j < k->shape.oc; j++) {
                float *to = dw + ((size_t)(slice * WIDTH + j) * (size_t)k->shape.ic + (size_t)c) * (size_t)taps;
                for (int t = 0; t < taps; t++) to[t] = patch[t][j];
            }
        }
}

/* ---- Forward ------------------------------------------------------------------------------------------------------- */

typedef struct outputs {
    const float *bias, *skip;
    float *y;
    void (*activate)(size_t count, const float *x, float *y);
} outputs;

static vf bias_of(const fv_winograd *k, const outputs *out, int slice) {
    int left = k->shape.oc - slice * WIDTH;
    if (!out->bias || left <= 0) return (vf){0};
    return left < WIDTH ? load_some(out->bias + slice * WIDTH, (size_t)left) : load(out->bias + slice * WIDTH);
}

/* One vector of output channels of a tile. */
static void put(const fv_winograd *k, const outputs *out, place at, int slice, const float *m) {
    const maps of = maps_out(k);
    const int size = k->tile.outputs, lanes = k->lanes;
    const int rows = of.height - at.row < size ? of.height - at.row : size;
    const int columns = of.width - at.column < size ? of.width - at.column : size;
    const size_t pitch = (size_t)of.width * (size_t)lanes;
    size_t first = map_at(&of, lanes, at.image, slice) + (size_t)at.row * pitch + (size_t)at.column * (size_t)lanes;
    const vf bias = bias_of(k, out, slice);
    union {
        vf pixel[MOST * MOST];
        float lane[MOST * MOST * WIDTH];
    } patch;
    fetch_patch(&of, lanes, out->y + map_at(&of, lanes, at.image, slice), at.row, at.column, size, 1);
    transforms_of(k)->output(&k->tile, m, k->m_point, patch.pixel);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            vf *y = &patch.pixel[i * size + j];
            *y += bias;
            if (out->skip) *y += load(out->skip + first + (size_t)i * pitch + (size_t)(j * lanes));
        }
    if (out->activate) out->activate((size_t)(rows * size * WIDTH), patch.lane, patch.lane);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            store(out->y + first + (size_t)i * pitch + (size_t)(j * lanes), patch.pixel[i * size + j]);
}

/* Vectors of a panel. */
static int vectors_of(const fv_winograd *k, int panel) { return out_slices(k) - 2 * panel < 2 ? 1 : 2; }

/* All points of a band of panels, in order; what is next of U is fetched meanwhile. */
static void forward_band(const fv_winograd *k, const outputs *out, int tile, int count, int begin, int end,
                         const float *v, const float *u, float *m) {
    for (int p = 0; p < points_of(k); p++)
        for (int panel = begin; panel < end; panel++) {
            const int follows = panel + 1 < end ? p : p + 1 < points_of(k) ? p + 1 : 0;
            const int next = panel + 1 < end ? panel + 1 : p + 1 < points_of(k) ? begin : end % k->panels;
            SIMD(winograd2d_product)
            (k, count, vectors_of(k, panel), v + p * k->v_point, u + p * k->u_point + panel * u_panel(k),
             u + follows * k->u_point + next * u_panel(k), m + p * k->m_point + (panel - begin) * m_panel(k));
        }
    for (int slice = 2 * begin; slice < 2 * end && slice < out_slices(k); slice++)
        for (int i = 0; i < count; i++)
            put(k, out, place_of(k, tile + i), slice, m + in_panels(slice - 2 * begin, m_panel(k)) + i * PANEL);
}

void SIMD(winograd2d_spread)(const fv_winograd *k, int first, int t0, int t1, const float *x, float *v) {
    const maps of = maps_in(k);
    for (int slice = 0; slice < k->slices; slice++)
        for (int tile = t0; tile < t1; tile++)
            spread_patch(k, transforms_of(k)->input, &of, x, slice, tile, k->shape.pad[0], k->shape.pad[1],
                         k->tile.points, v + slice * v_slice(k) + (tile - first) * WIDTH, k->v_point);
}

void SIMD(winograd2d_outputs)(const fv_winograd *k, int first, int count, int p0, int p1, const float *v,
                              const float *u, const float *bias, const float *skip, float *y,
                              void (*activate)(size_t count, const float *x, float *y), float *m) {
    const outputs out = {bias, skip, y, activate};
    for (int panel = p0; panel < p1; panel += k->band)
        forward_band(k, &out, first, count, panel, panel + k->band < p1 ? panel + k->band : p1, v, u, m);
}

/* ---- The weights' gradient ------------------------------------------------------------------------------------------- */

void SIMD(winograd2d_spread_gradient)(const fv_winograd *k, int first, int t0, int t1, int p0, int p1, const float *dy,
                                      float *m) {
    const maps of = maps_out(k);
    for (int slice = 2 * p0; slice < 2 * p1 && slice < out_slices(k); slice++)
        for (int tile = t0; tile < t1; tile++)
            spread_patch(k, transforms_of(k)->gradient, &of, dy, slice, tile, 0, 0, k->tile.outputs,
                         m + in_panels(slice - 2 * p0, m_panel(k)) + (tile - first) * PANEL, k->m_point);
}

void SIMD(winograd2d_multiply)(const fv_winograd *k, int first, int count, int p0, int p1, int part0, int part1,
                               const float *v, const float *m, float *u) {
    for (int part = part0; part < part1; part++) {
        int p = part / (p1 - p0), panel = part % (p1 - p0);
        SIMD(winograd2d_product_back)
        (k, count, vectors_of(k, p0 + panel), v + p * k->v_point, m + p * k->m_point + panel * m_panel(k), first > 0,
         u + p * k->u_point + (p0 + panel) * u_panel(k));
    }
}

/* Image by image, so that no sum grows long. */
void SIMD(winograd2d_bias)(const fv_winograd *k, int b0, int b1, const float *dy, float *db) {
    const maps of = maps_out(k);
    size_t floats = (size_t)of.height * (size_t)of.width * (size_t)k->lanes;
    for (int slice = b0 * k->lanes / WIDTH; slice < b1 * k->lanes / WIDTH && slice * WIDTH < of.channels; slice++) {
        vf total = {0};
        for (int n = 0; n < k->shape.n; n++) {
            const float *map = dy + map_at(&of, k->lanes, n, slice);
            vf sum = {0};
            for (size_t i = 0; i < floats; i += (size_t)k->lanes) sum += load(map + i);
            total += sum;
        }
        int left = of.channels - slice * WIDTH;
        store_some(db + slice * WIDTH, total, (size_t)(left < WIDTH ? left : WIDTH));
    }
}
