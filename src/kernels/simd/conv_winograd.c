/* Winograd's F(4,5) along the rows (Lavin and Gray 2016; one dimension): four neighbouring outputs of a row of five taps
 * take 8 multiplications instead of 20, at the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity:
 *
 *   y[row]        = A' sum over (ic,kh) of (G w[ic][kh]) * (B' x[ic][row + kh])     B' 8x8, G 8x5, A' 4x8, * by elements
 *   dx[row + kh] += B  sum over oc      of (G w[oc][kh]) * (A dy[oc][row])          its transpose
 *
 * The kernel's rows and channels stay a plain sum, so that all of it is eight products of matrices, one a point, on the
 * tiles of tile.h, and one transform at each end. */
#include "kernels/simd/conv_winograd.h"
#include "core/threads.h"

enum {
    POINTS = 8,
    OUTPUTS = 4,
    TAPS = POINTS - OUTPUTS + 1,
    TILES = TILE_N / 2,   /* of outputs at once; times two rows: the places of a tile */
    LARGEST = 128 * 1024, /* bytes of transformed input: it is read from the second-level cache */
};

/* U [point][oc][ic * KH], V [point][ic][row][tile][16], M [point][oc][place][16]: of a band of channels, or of all. */
typedef struct workspace {
    int rows, tiles; /* of a map in V */
    ptrdiff_t inner; /* ic * KH */
    ptrdiff_t v_row, v_map, v_point, u_point, m_point;
    float *u, *v, *m;
    tap *inner_taps, *oc_taps; /* where (ic,kh) lies in V, where oc lies in M and U */
} workspace;

enum { M_ROW = TILE_N * LANES };

static workspace workspace_of(const fv_conv_shape *s, const field *f) {
    workspace k = {.rows = f->h, .tiles = s->ow / OUTPUTS, .inner = (ptrdiff_t)s->ic * s->kernel[0]};
    k.v_row = (ptrdiff_t)k.tiles * LANES;
    k.v_map = k.rows * k.v_row;
    k.v_point = s->ic * k.v_map;
    k.u_point = s->oc * k.inner;
    k.m_point = (ptrdiff_t)s->oc * M_ROW + LANES; /* not a power of two, which would share sets of the cache */
    return k;
}

/* The pieces of scratch, in their order. */
enum { PIECE_U, PIECE_V, PIECE_M, PIECE_INNER_TAPS, PIECE_OC_TAPS, PIECES };

static size_t piece_bytes(const fv_conv_shape *s, const workspace *k, int piece) {
    const ptrdiff_t floats[] = {[PIECE_U] = k->u_point, [PIECE_V] = k->v_point, [PIECE_M] = k->m_point};
    if (piece <= PIECE_M) return (size_t)(POINTS * floats[piece]) * sizeof(float);
    return (size_t)(piece == PIECE_INNER_TAPS ? k->inner : s->oc) * sizeof(tap);
}

static workspace workspace_in(const fv_conv_shape *s, const field *f, void *scratch) {
    workspace k = workspace_of(s, f);
    void *at[PIECES];
    char *rest = scratch;
    for (int i = 0; i < PIECES; i++) at[i] = cut(&rest, piece_bytes(s, &k, i));
    k.u = at[PIECE_U], k.v = at[PIECE_V], k.m = at[PIECE_M];
    k.inner_taps = at[PIECE_INNER_TAPS], k.oc_taps = at[PIECE_OC_TAPS];
    return k;
}

bool SIMD(winograd_pays)(const fv_conv_shape *s, const field *f) {
    bool fits = s->kernel[1] == TAPS && s->stride[0] == 1 && s->stride[1] == 1 && s->dilation[0] == 1 &&
                s->dilation[1] == 1 && s->ow % OUTPUTS == 0 && s->oh >= 2 && s->oc >= 4;
    return fits && (size_t)s->ic * (size_t)f->map / OUTPUTS * POINTS * sizeof(float) <= LARGEST;
}

size_t SIMD(winograd_bytes)(const fv_conv_shape *s, const field *f) {
    if (!SIMD(winograd_pays)(s, f)) return 0;
    workspace k = workspace_of(s, f);
    size_t bytes = 0;
    for (int i = 0; i < PIECES; i++) bytes += round_up(piece_bytes(s, &k, i), 64);
    return bytes;
}

static void fill_taps(const fv_conv_shape *s, const workspace *k) {
    const int kh = s->kernel[0];
    for (int i = 0; i < k->inner; i++) k->inner_taps[i] = (tap){i / kh * k->v_map + i % kh * k->v_row, i};
    for (int i = 0; i < s->oc; i++) k->oc_taps[i] = (tap){(ptrdiff_t)i * M_ROW, i * k->inner};
}

/* ---- Transforms. */

/* A row of G is scale * (1, p, p^2, p^3, p^4); of the last point, infinity, it is (0,0,0,0,1). */
void SIMD(winograd_weights)(const fv_conv_shape *s, const float *w, void *scratch) {
    static const float scale[POINTS - 1] = {1, -2.f / 9, -2.f / 9, 1.f / 90, 1.f / 90, 32.f / 45, 32.f / 45};
    static const float point[POINTS - 1] = {0, 1, -1, 2, -2, .5f, -.5f};
    const ptrdiff_t rows = (ptrdiff_t)s->oc * s->ic * s->kernel[0];
    float *u = scratch;
    for (int i = 0; i < POINTS - 1; i++, u += rows) {
        const float p = point[i], c = scale[i];
        for (ptrdiff_t r = 0; r < rows; r++) {
            const float *t = w + r * TAPS;
            u[r] = c * (t[0] + p * (t[1] + p * (t[2] + p * (t[3] + p * t[4]))));
        }
    }
    for (ptrdiff_t r = 0; r < rows; r++) u[r] = w[r * TAPS + TAPS - 1];
}

/* v[point] = B' x[0..8). */
FV_INLINE void transform_input(const float *x, float *v, ptrdiff_t v_point) {
    vf d[POINTS];
#pragma GCC unroll 8
    for (int i = 0; i < POINTS; i++) d[i] = load(x + i * LANES);
    vf even = d[2] + d[6] - 4.25f * d[4], odd = d[1] + d[5] - 4.25f * d[3];
    vf even_2 = d[6] + 0.25f * d[2] - 1.25f * d[4], odd_2 = 0.5f * d[1] - 2.5f * d[3] + 2.f * d[5];
    vf even_h = d[6] + 4.f * d[2] - 5.f * d[4], odd_h = 2.f * d[1] - 2.5f * d[3] + 0.5f * d[5];
    store(v, d[0] - d[6] + 5.25f * (d[4] - d[2]));
    store(v + v_point, even + odd);
    store(v + 2 * v_point, even - odd);
    store(v + 3 * v_point, even_2 + odd_2);
    store(v + 4 * v_point, even_2 - odd_2);
    store(v + 5 * v_point, even_h + odd_h);
    store(v + 6 * v_point, even_h - odd_h);
    store(v + 7 * v_point, d[7] - d[1] + 5.25f * (d[3] - d[5]));
}

static void transform_field(const fv_conv_shape *s, const field *f, const workspace *k, const float *x) {
    for (int row = 0; row < s->ic * k->rows; row++)
        for (int t = 0; t < k->tiles; t++)
            for (int slice = 0; slice < LANES; slice += WIDTH)
                transform_input(x + ((ptrdiff_t)row * f->w + t * OUTPUTS) * LANES + slice,
                                k->v + row * k->v_row + t * LANES + slice, k->v_point);
}

/* y[0..4) = bias + A' m. */
FV_INLINE void transform_output(const float *from, ptrdiff_t m_point, vf bias, vf *y) {
    vf m[POINTS];
#pragma GCC unroll 8
    for (int i = 0; i < POINTS; i++) m[i] = load(from + i * m_point);
    vf sum = m[1] + m[2], sum_2 = m[3] + m[4], sum_h = m[5] + m[6];
    vf diff = m[1] - m[2], diff_2 = m[3] - m[4], diff_h = m[5] - m[6];
    y[0] = bias + m[0] + sum + (sum_2 + sum_h);
    y[1] = bias + diff + (2.f * diff_2 + 0.5f * diff_h);
    y[2] = bias + sum + (4.f * sum_2 + 0.25f * sum_h);
    y[3] = bias + m[7] + diff + (8.f * diff_2 + 0.125f * diff_h);
}

/* m[point] = A dy[0..4). */
FV_INLINE void transform_gradient(const vf *dy, float *m, ptrdiff_t m_point) {
    vf even = dy[0] + dy[2], even_2 = dy[0] + 4.f * dy[2], even_h = dy[0] + 0.25f * dy[2];
    vf odd = dy[1] + dy[3], odd_2 = 2.f * dy[1] + 8.f * dy[3], odd_h = 0.5f * dy[1] + 0.125f * dy[3];
    store(m, dy[0]);
    store(m + m_point, even + odd);
    store(m + 2 * m_point, even - odd);
    store(m + 3 * m_point, even_2 + odd_2);
    store(m + 4 * m_point, even_2 - odd_2);
    store(m + 5 * m_point, even_h + odd_h);
    store(m + 6 * m_point, even_h - odd_h);
    store(m + 7 * m_point, dy[3]);
}

/* x[0..8) = B v. */
FV_INLINE void transform_back(const float *from, ptrdiff_t v_point, vf *x) {
    vf v[POINTS];
#pragma GCC unroll 8
    for (int i = 0; i < POINTS; i++) v[i] = load(from + i * v_point);
    vf sum = v[1] + v[2], sum_2 = v[3] + v[4], sum_h = v[5] + v[6];
    vf diff = v[1] - v[2], diff_2 = v[3] - v[4], diff_h = v[5] - v[6];
    x[0] = v[0];
    x[1] = diff + 0.5f * diff_2 + 2.f * diff_h - v[7];
    x[2] = sum + 0.25f * sum_2 + 4.f * sum_h - 5.25f * v[0];
    x[3] = 5.25f * v[7] - 4.25f * diff - 2.5f * (diff_2 + diff_h);
    x[4] = 5.25f * v[0] - 4.25f * sum - 1.25f * sum_2 - 5.f * sum_h;
    x[5] = diff + 2.f * diff_2 + 0.5f * diff_h - 5.25f * v[7];
    x[6] = sum + sum_2 + sum_h - v[0];
    x[7] = v[7];
}

/* Rows of a field's maps: tiles overlap by half. */
static void transform_field_back(const fv_conv_shape *s, const field *f, const workspace *k, float *dx) {
    for (int row = 0; row < s->ic * k->rows; row++)
        for (int slice = 0; slice < LANES; slice += WIDTH) {
            float *to = dx + (ptrdiff_t)row * f->w * LANES + slice;
            vf x[POINTS], half[OUTPUTS] = {{0}};
            for (int t = 0; t < k->tiles; t++, to += OUTPUTS * LANES) {
                transform_back(k->v + row * k->v_row + t * LANES + slice, k->v_point, x);
#pragma GCC unroll 4
                for (int i = 0; i < OUTPUTS; i++) {
                    store(to + i * LANES, half[i] + x[i]);
                    half[i] = x[OUTPUTS + i];
                }
            }
#pragma GCC unroll 4
            for (int i = 0; i < OUTPUTS; i++) store(to + i * LANES, half[i]);
        }
}

/* ---- A block: `rows` (1 or 2) output rows by `tiles` tiles. Place n is tile n / rows, row n % rows (rows is a power
 * of two, and a division takes as long as a row of a tile). */

typedef struct block {
    int row, rows, tile, tiles, places;
} block;

static int row_of(const block *b, int n) { return b->row + (n & (b->rows - 1)); }
static int tile_of(const block *b, int n) { return b->tile + (n >> (b->rows - 1)); }

/* Block i of the output's rows, `blocks` of them in a pair of rows. */
static block block_at(const workspace *k, int i, int blocks, int rows) {
    block b = {.row = i / blocks * 2};
    int end;
    fv_share(k->tiles, i % blocks, blocks, &b.tile, &end);
    b.tiles = end - b.tile;
    b.rows = rows - b.row < 2 ? 1 : 2;
    b.places = b.rows * b.tiles;
    return b;
}

/* Where the block's places lie: in V at the first point, and in M from `m` on. */
static void find_places(const workspace *k, const block *b, float *m, float **in_v, float **in_m) {
    for (int n = 0; n < b->places; n++) {
        in_v[n] = k->v + row_of(b, n) * k->v_row + tile_of(b, n) * LANES;
        in_m[n] = m + n * LANES;
    }
}

/* Output row and first column of place n, in floats from the map's start. */
static ptrdiff_t output_at(const fv_conv_shape *s, const block *b, int n) {
    return ((ptrdiff_t)row_of(b, n) * s->ow + tile_of(b, n) * OUTPUTS) * LANES;
}

/* The same of the two pooled windows that place n and its neighbour below cover. */
static ptrdiff_t pooled_at(const fv_conv_shape *s, const block *b, int n) {
    return ((ptrdiff_t)(b->row / 2) * (s->ow / 2) + tile_of(b, n) * (OUTPUTS / 2)) * LANES;
}

/* ---- Forward. */

static void multiply(const workspace *k, const block *b, int m0, int m1) {
    float *in_v[TILE_N], *in_m[TILE_N];
    find_places(k, b, k->m, in_v, in_m);
    const taps t = {k->inner_taps, (int)k->inner, k->inner};
    for (int i = 0; i < POINTS; i++) {
        const float *u = k->u + i * k->u_point + m0 * k->inner;
        SIMD(store_tiles)[m1 - m0 - 1][b->places - 1](&t, (const float *const *)in_v, u, NULL, in_m, M_ROW);
        for (int n = 0; n < b->places; n++) in_v[n] += k->v_point, in_m[n] += k->m_point;
    }
}

static void put(const fv_conv_shape *s, const workspace *k, const block *b, const float *m, float bias, float *y) {
    for (int n = 0; n < b->places; n++)
        for (int slice = 0; slice < LANES; slice += WIDTH) {
            vf out[OUTPUTS];
            float *to = y + output_at(s, b, n) + slice;
            transform_output(m + n * LANES + slice, k->m_point, splat(bias), out);
#pragma GCC unroll 4
            for (int i = 0; i < OUTPUTS; i++) store(to + i * LANES, out[i]);
        }
}

static void put_pooled(const fv_conv_shape *s, const workspace *k, const block *b, const float *m, float bias, float *y,
                       uint16_t *index) {
    for (int n = 0; n < b->places; n += 2)
        for (int slice = 0; slice < LANES; slice += WIDTH) {
            vf upper[OUTPUTS], lower[OUTPUTS];
            ptrdiff_t to = pooled_at(s, b, n) + slice;
            transform_output(m + n * LANES + slice, k->m_point, splat(bias), upper);
            transform_output(m + (n + 1) * LANES + slice, k->m_point, splat(bias), lower);
            pool_four((vf[]){upper[0], upper[1], lower[0], lower[1]}, y + to, index + to);
            pool_four((vf[]){upper[2], upper[3], lower[2], lower[3]}, y + to + LANES, index + to + LANES);
        }
}

void SIMD(winograd_forward)(const fv_conv_shape *s, const field *f, const float *x, const float *bias, float *y,
                            uint16_t *index, void *scratch) {
    workspace k = workspace_in(s, f, scratch);
    int bands = tiles_for(s->oc, TILE_M), blocks = tiles_for(k.tiles, TILES), rows = index ? s->oh / 2 * 2 : s->oh;
    ptrdiff_t map = index ? (ptrdiff_t)(s->oh / 2) * (s->ow / 2) * LANES : f->y_map;
    fill_taps(s, &k);
    transform_field(s, f, &k, x);
    for (int i = 0; i < tiles_for(rows, 2) * blocks; i++) {
        block b = block_at(&k, i, blocks, rows);
        for (int j = 0; j < bands; j++) {
            int m0, m1;
            fv_share(s->oc, j, bands, &m0, &m1);
            multiply(&k, &b, m0, m1);
            for (int m = m0; m < m1; m++) {
                const float *from = k.m + (m - m0) * M_ROW;
                if (index)
                    put_pooled(s, &k, &b, from, bias ? bias[m] : 0, y + m * map, index + m * map);
                else
                    put(s, &k, &b, from, bias ? bias[m] : 0, y + m * map);
            }
        }
    }
}

/* ---- Backward data. */

static void take(const fv_conv_shape *s, const workspace *k, const block *b, const float *dy, float *m) {
    for (int n = 0; n < b->places; n++)
        for (int slice = 0; slice < LANES; slice += WIDTH) {
            const float *from = dy + output_at(s, b, n) + slice;
            vf four[OUTPUTS] = {load(from), load(from + LANES), load(from + 2 * LANES), load(from + 3 * LANES)};
            transform_gradient(four, m + n * LANES + slice, k->m_point);
        }
}

/* What a window's gradient is at place `which` of it. */
FV_INLINE vf gradient_of(vf dy, vi index, int which) { return choose(equal(index, which - (vi){0}), dy, (vf){0}); }

static void take_pooled(const fv_conv_shape *s, const workspace *k, const block *b, const float *dy,
                        const uint16_t *index, float *m) {
    for (int n = 0; n < b->places; n++)
        for (int slice = 0; slice < LANES; slice += WIDTH) {
            ptrdiff_t at = pooled_at(s, b, n) + slice;
            vf left = load(dy + at), right = load(dy + at + LANES);
            vi left_at = load_index(index + at), right_at = load_index(index + at + LANES);
            int which = n % 2 * 2;
            vf four[OUTPUTS] = {gradient_of(left, left_at, which), gradient_of(left, left_at, which + 1),
                                gradient_of(right, right_at, which), gradient_of(right, right_at, which + 1)};
            transform_gradient(four, m + n * LANES + slice, k->m_point);
        }
}

static void scatter(const fv_conv_shape *s, const workspace *k, const block *b) {
    float *in_v[TILE_N], *in_m[TILE_N];
    int bands = tiles_for((int)k->inner, TILE_M);
    find_places(k, b, k->m, in_v, in_m);
    const taps t = {k->oc_taps, s->oc, 1};
    for (int i = 0; i < POINTS; i++) {
        const float *u = k->u + i * k->u_point;
        for (int j = 0; j < bands; j++) {
            int m0, m1;
            fv_share((int)k->inner, j, bands, &m0, &m1);
            SIMD(scatter_tiles)
            [m1 - m0 - 1][b->places - 1](&t, (const float *const *)in_m, u + m0, in_v, k->inner_taps + m0);
        }
        for (int n = 0; n < b->places; n++) in_v[n] += k->v_point, in_m[n] += k->m_point;
    }
}

void SIMD(winograd_backward_data)(const fv_conv_shape *s, const field *f, const float *dy, const uint16_t *index,
                                  float *dx, void *scratch) {
    workspace k = workspace_in(s, f, scratch);
    int blocks = tiles_for(k.tiles, TILES), rows = index ? s->oh / 2 * 2 : s->oh;
    ptrdiff_t map = index ? (ptrdiff_t)(s->oh / 2) * (s->ow / 2) * LANES : f->y_map;
    fill_taps(s, &k);
    memset(k.v, 0, (size_t)(POINTS * k.v_point) * sizeof *k.v);
    for (int i = 0; i < tiles_for(rows, 2) * blocks; i++) {
        block b = block_at(&k, i, blocks, rows);
        for (int oc = 0; oc < s->oc; oc++) {
            float *to = k.m + (ptrdiff_t)oc * M_ROW;
            if (index)
                take_pooled(s, &k, &b, dy + oc * map, index + oc * map, to);
            else
                take(s, &k, &b, dy + oc * map, to);
        }
        scatter(s, &k, &b);
    }
    transform_field_back(s, f, &k, dx);
}
