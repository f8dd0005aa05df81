/* The photograph of a scene: the background, what shines through or replaces it, the vessels above, light, and camera. */
#include "core/memory.h"
#include "data/fundus.h"

/* ---- Masks and noise, Q12 ---- */

enum { HALF = FV_Q12 / 2, GRAIN = 0x67 /* the grain's numbers among the scene's: its second counter word */ };

static int clamp(int x, int low, int high) { return x < low ? low : x > high ? high : x; }
static int scaled(int x, int factor) { return (int)((int64_t)x * factor >> 12); }
static int smooth(int t) { return (int)((int64_t)t * t * (3 * FV_Q12 - 2 * t) >> 24); }
static int mixed(int a, int b, int mask) { return a + scaled(b - a, mask); }

/* Value noise 0..Q12 at (x, y) in Q16, `cells` lattice cells to a unit. */
static int noise(const fv_fundus_scene *s, int x, int y, int cells) {
    enum { WRAP = FV_FUNDUS_TILE - 1 };
    int u = x * cells >> 4, v = y * cells >> 4; /* lattice, Q12 */
    int i = u >> 12 & WRAP, j = v >> 12 & WRAP, p = smooth(u & (FV_Q12 - 1)), q = smooth(v & (FV_Q12 - 1));
    const uint8_t *above = s->tile[j], *below = s->tile[(j + 1) & WRAP];
    int top = above[i] * (FV_Q12 - p) + above[(i + 1) & WRAP] * p; /* 255 << 12 */
    int bottom = below[i] * (FV_Q12 - p) + below[(i + 1) & WRAP] * p;
    return (int)(((int64_t)top * (FV_Q12 - q) + (int64_t)bottom * q) * 257 >> 28);
}

/* The squared distance from the blob's centre, Q12, 1 at its edge; FAR well outside. */
enum { FAR = 1 << 18 };
static int blob_distance(const fv_fundus_blob *b, int x, int y) {
    int dx = x - b->x, dy = y - b->y, reach = 2 * b->a;
    if (dx > reach || dx < -reach || dy > reach || dy < -reach) return FAR;
    int64_t u = (((int64_t)dx * b->ux + (int64_t)dy * b->uy) >> 12) * b->inverse_a >> 16; /* Q12 */
    int64_t v = (((int64_t)dy * b->ux - (int64_t)dx * b->uy) >> 12) * b->inverse_b >> 16;
    int64_t d = (u * u + v * v) >> 12;
    return d < FAR ? (int)d : FAR;
}

/* 1 inside, 0 outside, smooth over `soft` around the edge. */
static int edge(int distance, int soft) {
    return smooth(clamp((FV_Q12 + soft / 2 - distance) * FV_Q12 / soft, 0, FV_Q12));
}

/* A hill: 1 at the centre, 0 at the edge and beyond. */
static int hill(int distance) {
    int h = clamp(FV_Q12 - distance, 0, FV_Q12);
    return scaled(h, h);
}

/* ---- Vessels: their darkness in two planes of bytes ---- */

typedef struct canvas {
    const fv_fundus_scene *scene;
    int size, pixel;     /* pixel: its side, Q16 */
    uint8_t *vessels[2]; /* [size,size] of arteries, veins */
    uint16_t *film;      /* [size,size,4]: red, green, blue in Q4, the share that lies in the field in Q12 */
    int *axis;           /* [size] coordinate of each column or row, Q16 */
} canvas;

static int pixel_at(const canvas *c, int x) { return (int)(((int64_t)x + FV_Q16) * c->size / (2 * FV_Q16)); }

/* What the pixels near a segment have in common. A vessel thinner than a pixel is drawn a pixel wide and paler. */
typedef struct brush {
    int64_t dx, dy, length2, inverse_length; /* Q16, Q32, Q32 of 1 */
    int64_t inverse_radius2;                 /* so that d * d * inverse >> 20 is Q12, 1 at the radius */
    int strength;                            /* Q12 */
    bool vein;
} brush;

static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

/* Absorption across a vessel is a parabola; arteries have a light streak along the middle. */
static int darkness(const brush *b, int64_t x, int64_t y) {
    int64_t along = x * b->dx + y * b->dy, d;
    if (along < 0) {
        d = x * x + y * y;
    } else if (along > b->length2) {
        d = (x - b->dx) * (x - b->dx) + (y - b->dy) * (y - b->dy);
    } else {
        int64_t across = (x * b->dy - y * b->dx) * b->inverse_length >> 32;
        d = across * across;
    }
    int64_t dark = FV_Q12 - (d * b->inverse_radius2 >> 20);
    if (dark <= 0) return 0;
    if (!b->vein && dark > 3 * FV_Q12 / 4) dark -= (dark - 3 * FV_Q12 / 4) * 3 / 2;
    return (int)(dark * b->strength >> 12);
}

static void draw_segment(const canvas *c, const fv_fundus_segment *s) {
    int radius = (int)max64(s->radius, c->pixel * 7 / 10);
    brush b = {.dx = s->x1 - s->x0, .dy = s->y1 - s->y0, .vein = s->vein};
    b.length2 = max64(b.dx * b.dx + b.dy * b.dy, 1);
    b.inverse_length = ((int64_t)1 << 32) / (int64_t)max64(fv_isqrt((uint64_t)b.length2), 1);
    b.inverse_radius2 = ((int64_t)1 << 32) / ((int64_t)radius * radius);
    b.strength = (int)((int64_t)s->radius * FV_Q12 / radius);
    int left = s->x0 < s->x1 ? s->x0 : s->x1, top = s->y0 < s->y1 ? s->y0 : s->y1;
    int right = s->x0 + s->x1 - left, bottom = s->y0 + s->y1 - top, last = c->size - 1;
    int i0 = clamp(pixel_at(c, left - radius), 0, last), i1 = clamp(pixel_at(c, right + radius), 0, last);
    int j0 = clamp(pixel_at(c, top - radius), 0, last), j1 = clamp(pixel_at(c, bottom + radius), 0, last);
    for (int j = j0; j <= j1; j++) {
        uint8_t *row = c->vessels[s->vein] + (size_t)j * (size_t)c->size;
        int64_t y = c->axis[j] - s->y0;
        for (int i = i0; i <= i1; i++) {
            int dark = darkness(&b, c->axis[i] - s->x0, y) >> 4;
            if (dark > row[i]) row[i] = (uint8_t)(dark > 255 ? 255 : dark);
        }
    }
}

/* ---- The retina's color at a point ---- */

static void multiply(int color[3], const int factor[3]) {
    for (int k = 0; k < 3; k++) color[k] = scaled(color[k], factor[k]);
}

static void cover(int color[3], const int with[3], int mask) {
    for (int k = 0; k < 3; k++) color[k] = mixed(color[k], with[k], mask);
}

/* 1 - weight * amount, a factor for each channel. */
static void darken(int color[3], const int weight[3], int amount) {
    for (int k = 0; k < 3; k++) color[k] = scaled(color[k], FV_Q12 - scaled(weight[k], amount));
}

/* Bands of choroidal vessels, -half..half: ridges of stretched noise on winding coordinates. */
static int choroid(const fv_fundus_scene *s, int x, int y) {
    int p = (int)(((int64_t)x * s->tess_ux + (int64_t)y * s->tess_uy) >> 12);
    int q = (int)(((int64_t)y * s->tess_ux - (int64_t)x * s->tess_uy) >> 12);
    int wind = (noise(s, x, y, 5) - HALF) * 4;
    int ridge = 2 * noise(s, (p + wind) / 2, q + wind, 9) - FV_Q12;
    ridge = clamp((ridge < 0 ? -ridge : ridge) * 7 / 4, 0, FV_Q12);
    return ridge - HALF;
}

static void paint_background(const fv_fundus_scene *s, int x, int y, int bands, int color[3]) {
    static const int macula[3] = {2600, 4096, 3600}, tint[3] = {1900, 3600, 3200};
    int pigment = scaled(noise(s, x, y, 3) - HALF, s->mottle[0]) +
                  scaled(noise(s, y + 40000, x + 90000, 6) - HALF, s->mottle[1]) +
                  scaled(noise(s, x + 20000, y - 70000, 37) - HALF, s->mottle[2]) + scaled(bands, s->tessellation);
    for (int k = 0; k < 3; k++) color[k] = scaled(s->base[k], FV_Q12 + scaled(pigment, tint[k]));
    darken(color, macula, scaled(hill(blob_distance(&s->macula, x, y)), s->macula.strength));
    darken(color, macula, scaled(hill(blob_distance(&s->foveola, x, y)), s->foveola.strength));
}

static void paint_blob(const fv_fundus_scene *s, const fv_fundus_blob *b, int x, int y, int bands, int color[3]) {
    static const int pigment[3] = {3000, 3400, 3000};
    int d = blob_distance(b, x, y);
    if (d >= 4 * FV_Q12) return;
    d += scaled(noise(s, x - 50000, y + 30000, 9) + noise(s, x, y, 23) / 2 - HALF * 3 / 2, b->wobble);
    if (b->pigment) {
        int rim = d - FV_Q12 * 9 / 8;
        darken(color, pigment, scaled(clamp(FV_Q12 - (rim < 0 ? -rim : rim) * 4, 0, FV_Q12), b->pigment));
    }
    int inside[3];
    for (int k = 0; k < 3; k++) inside[k] = scaled(b->color[k], FV_Q12 + (b->pigment ? bands / 6 : 0));
    cover(color, inside, scaled(edge(d, b->soft), b->strength));
}

static void paint_vessels(int artery, int vein, int color[3]) {
    static const int absorbs[2][3] = {{700, 1900, 1700}, {1500, 2700, 2200}};
    darken(color, absorbs[0], artery * FV_Q12 / 255);
    darken(color, absorbs[1], vein * FV_Q12 / 255);
}

static int light(const fv_fundus_scene *s, int x, int y) {
    int64_t dx = x - s->light_x, dy = y - s->light_y;
    int distance2 = (int)((dx * dx + dy * dy) >> 20);
    int slope = (int)(((int64_t)x * s->slope_x + (int64_t)y * s->slope_y) >> 16);
    return clamp(FV_Q12 - scaled(s->vignette, distance2) + slope, FV_Q12 / 4, 2 * FV_Q12);
}

static void paint(const fv_fundus_scene *s, int x, int y, int artery, int vein, int color[3]) {
    int bands = s->tessellation || s->atrophy.strength ? choroid(s, x, y) : 0;
    paint_background(s, x, y, bands, color);
    for (int i = 0; i < s->nblobs; i++) paint_blob(s, &s->blobs[i], x, y, bands, color);
    if (s->atrophy.strength) paint_blob(s, &s->atrophy, x, y, bands, color);
    paint_blob(s, &s->disc, x, y, 0, color);
    paint_blob(s, &s->cup, x, y, 0, color);
    paint_vessels(artery, vein, color);
    int lit = light(s, x, y);
    multiply(color, (int[3]){lit, lit, lit});
}

/* ---- The camera ---- */

/* The share of the pixel that lies in the field of view, Q12. */
static int in_field(const fv_fundus_scene *s, int x, int y) {
    int above = s->crop - (y < 0 ? -y : y);
    return above <= 0 ? 0 : edge(blob_distance(&s->field, x, y), s->field.soft);
}

/* The mean and standard deviation of what lies in the field, Q4. */
typedef struct statistics {
    int mean[3], deviation[3];
} statistics;

static statistics meter(const int64_t sum[3], const int64_t squares[3], int64_t weight) {
    statistics m;
    for (int k = 0; k < 3; k++) {
        int64_t mean = sum[k] / weight, variance = squares[k] / weight - mean * mean;
        m.mean[k] = (int)mean;
        m.deviation[k] = (int)fv_isqrt((uint64_t)max64(variance, 1));
    }
    return m;
}

static statistics expose(const canvas *c) {
    int64_t sum[3] = {0}, squares[3] = {0}, weight = 1;
    for (int j = 0; j < c->size; j++)
        for (int i = 0; i < c->size; i++) {
            int x = c->axis[i], y = c->axis[j], inside = in_field(c->scene, x, y), color[3];
            if (inside == 0) continue;
            size_t at = (size_t)j * (size_t)c->size + (size_t)i;
            uint16_t *film = c->film + 4 * at;
            paint(c->scene, x, y, c->vessels[0][at], c->vessels[1][at], color);
            for (int k = 0; k < 3; k++) {
                film[k] = (uint16_t)clamp(color[k], 0, UINT16_MAX);
                sum[k] += (int64_t)film[k] * inside;
                squares[k] += (int64_t)film[k] * film[k] * inside;
            }
            film[3] = (uint16_t)inside;
            weight += inside;
        }
    return meter(sum, squares, weight);
}

/* The grain of pixel `at`, Q4 for each channel: a triangle around 0, weaker in the dark surround. */
static void draw_grain(const fv_fundus_scene *s, size_t at, int inside, int grain[3]) {
    const uint32_t counter[4] = {(uint32_t)at, GRAIN, (uint32_t)s->stream, (uint32_t)(s->stream >> 32)};
    uint32_t random[4];
    fv_philox(s->seed, counter, random);
    int strength = scaled(s->grain, FV_Q12 / 4 + 3 * inside / 4);
    for (int k = 0; k < 3; k++)
        grain[k] = ((int)(random[k] & 0xffff) + (int)(random[k] >> 16) - 0xffff) * strength >> 16;
}

/* The camera's automatics bring mean and deviation to what the scene wants, for each channel and both classes alike: then
 * they do not tell one class from the other. */
static void develop(const canvas *c, const statistics *metered, uint8_t *rgb) {
    enum { SURROUND = 5 << 4 };
    const fv_fundus_scene *s = c->scene;
    int gain[3], grain[3];
    for (int k = 0; k < 3; k++) gain[k] = s->deviation[k] * FV_Q12 / metered->deviation[k];
    for (size_t at = 0; at < (size_t)c->size * (size_t)c->size; at++) {
        const uint16_t *film = c->film + 4 * at;
        draw_grain(s, at, film[3], grain);
        for (int k = 0; k < 3; k++) {
            int value = s->exposure[k] + scaled(film[k] - metered->mean[k], gain[k]);
            value = mixed(SURROUND, value, film[3]) + grain[k];
            rgb[3 * at + (size_t)k] = (uint8_t)clamp((value + 8) >> 4, 0, 255);
        }
    }
}

/* What depends on the size: no edge is sharper than a pixel and a half. */
static void fit_blob(fv_fundus_blob *b, int pixel) {
    if (b->a == 0) return;
    int least = (int)((int64_t)3 * pixel * FV_Q12 / b->b);
    if (b->soft < least) b->soft = least;
    b->inverse_a = ((int64_t)1 << 28) / b->a;
    b->inverse_b = ((int64_t)1 << 28) / b->b;
}

static void fit_scene(fv_fundus_scene *s, int pixel) {
    fv_fundus_blob *all[] = {&s->field, &s->macula, &s->foveola, &s->disc, &s->cup, &s->atrophy};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) fit_blob(all[i], pixel);
    for (int i = 0; i < s->nblobs; i++) fit_blob(&s->blobs[i], pixel);
}

fv_status fv_fundus_photograph(fv_fundus_scene *scene, int size, uint8_t *rgb) {
    canvas c = {.scene = scene, .size = size, .pixel = 2 * FV_Q16 / size};
    size_t pixels = (size_t)size * (size_t)size;
    uint8_t *vessels = fv_alloc(pixels, 2);
    c.film = fv_alloc(pixels, 4 * sizeof *c.film);
    c.axis = FV_NEW_N(int, (size_t)size);
    fv_status status = vessels && c.film && c.axis ? FV_OK : FV_NO_MEMORY;
    if (status == FV_OK) {
        c.vessels[0] = vessels;
        c.vessels[1] = vessels + pixels;
        for (int i = 0; i < size; i++) c.axis[i] = (2 * i + 1) * FV_Q16 / size - FV_Q16;
        fit_scene(scene, c.pixel);
        for (int i = 0; i < scene->nsegments; i++) draw_segment(&c, &scene->segments[i]);
        statistics metered = expose(&c);
        develop(&c, &metered, rgb);
    }
    fv_free(vessels);
    fv_free(c.film);
    fv_free(c.axis);
    return status;
}
