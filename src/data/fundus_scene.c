/* What is on a retina and where: every number of a scene comes from its random stream. Proportions are those of a 45 degree
 * photograph: the disc's diameter a seventh of the field's, the fovea two and a half of them from it, temporal and a
 * little below. */
#include "data/fundus.h"

#include <string.h>

#define Q16(thousandths) ((thousandths)*FV_Q16 / 1000)
#define Q12(thousandths) ((thousandths)*FV_Q12 / 1000)
#define Q4(level)        ((level)*16)

uint32_t fv_isqrt(uint64_t n) {
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
        if ((root + bit) * (root + bit) <= n) root += bit;
    return (uint32_t)root;
}

/* ---- Random numbers and directions ---- */

static int between(fv_random *r, int low, int high) {
    return low + (int)fv_random_below(r, (uint32_t)(high - low + 1));
}
static bool chance(fv_random *r, int percent) { return fv_random_below(r, 100) < (uint32_t)percent; }
static int sign(fv_random *r) { return chance(r, 50) ? 1 : -1; }

typedef struct vector {
    int x, y;
} vector;

static int64_t square(int64_t x) { return x * x; }
static int distance(int ax, int ay, int bx, int by) {
    return (int)fv_isqrt((uint64_t)(square(ax - bx) + square(ay - by)));
}

static vector unit(int64_t x, int64_t y) {
    int64_t length = fv_isqrt((uint64_t)(x * x + y * y));
    if (length == 0) return (vector){FV_Q12, 0};
    return (vector){(int)(x * FV_Q12 / length), (int)(y * FV_Q12 / length)};
}

/* A point of the box. (Two draws in one expression would come in the compiler's order.) */
static vector within(fv_random *r, int x_low, int x_high, int y_low, int y_high) {
    int x = between(r, x_low, x_high);
    int y = between(r, y_low, y_high);
    return (vector){x, y};
}

static vector direction(fv_random *r, int x_low, int x_high, int y_low, int y_high) {
    vector v = within(r, x_low, x_high, y_low, y_high);
    return unit(v.x, v.y);
}

/* Turned by atan(tangent), tangent in Q12. */
static vector turned(vector u, int tangent) {
    return unit((int64_t)u.x * FV_Q12 - (int64_t)u.y * tangent, (int64_t)u.y * FV_Q12 + (int64_t)u.x * tangent);
}

/* ---- Vessels ---- */

/* How one vessel runs. A trunk bows around the fovea on a circle through the disc; others go on with a slowly changing
 * curvature. */
typedef struct course {
    bool vein, trunk;
    int depth; /* of branching, from 0 */
    int side;  /* trunk: +1 when it runs around the fovea clockwise */
    int bow;   /* trunk: radius of the circle, Q16 */
} course;

enum { STEP = Q16(35), DEEPEST = 3, THINNEST = Q16(3), TRUNK_STEPS = 60, BRANCH_STEPS = 26 };

static vector steer(const fv_fundus_scene *s, const course *c, vector at, vector u, int curve) {
    if (!c->trunk) return turned(u, curve);
    vector out = unit(at.x - s->macula.x, at.y - s->macula.y);
    int off = c->bow - distance(at.x, at.y, s->macula.x, s->macula.y); /* > 0: too near the fovea */
    int pull = off / 8;
    if (pull > Q12(1500)) pull = Q12(1500);
    if (pull < -Q12(1500)) pull = -Q12(1500);
    vector along = {-out.y * c->side, out.x * c->side};
    vector wanted = unit(along.x + (int64_t)out.x * pull / FV_Q12, along.y + (int64_t)out.y * pull / FV_Q12);
    return turned(unit(3 * u.x + wanted.x, 3 * u.y + wanted.y), curve / 2);
}

static bool in_bounds(const fv_fundus_scene *s, vector at) {
    return square(at.x) + square(at.y) < square(Q16(1150)) &&
           distance(at.x, at.y, s->macula.x, s->macula.y) > Q16(100); /* the fovea has no vessels */
}

static void grow(fv_fundus_scene *s, fv_random *r, course c, vector at, vector u, int radius) {
    int curve = between(r, -Q12(60), Q12(60)), fork = between(r, 2, 6), side = sign(r);
    int steps = c.trunk ? TRUNK_STEPS : BRANCH_STEPS - 5 * c.depth;
    for (int i = 0; i < steps && radius > THINNEST && s->nsegments < FV_FUNDUS_SEGMENTS; i++) {
        u = steer(s, &c, at, u, curve);
        vector to = {at.x + u.x * STEP / FV_Q12, at.y + u.y * STEP / FV_Q12};
        s->segments[s->nsegments++] = (fv_fundus_segment){at.x, at.y, to.x, to.y, radius, c.vein};
        at = to;
        if (!in_bounds(s, at)) return;
        curve += between(r, -Q12(50), Q12(50)) - curve / 6;
        radius -= radius / 60;
        if (--fork > 0 || c.depth >= DEEPEST) continue;
        int ratio = between(r, 45, 75); /* per cent of the parent's radius */
        course branch = {.vein = c.vein, .depth = c.depth + 1};
        grow(s, r, branch, at, turned(u, side * between(r, Q12(450), Q12(1100))), radius * ratio / 100);
        radius -= radius * (c.trunk ? 6 : 14) / 100;
        fork = between(r, 3, c.trunk ? 5 : 7);
        side = chance(r, 70) ? -side : side;
    }
}

/* An artery and a vein to each quadrant; nasal ones are shorter, so they start thinner. */
static void draw_vessels(fv_fundus_scene *s, fv_random *r, int side) {
    int reach = distance(s->disc.x, s->disc.y, s->macula.x, s->macula.y);
    for (int vertical = -1; vertical <= 1; vertical += 2)
        for (int temporal = 0; temporal <= 1; temporal++)
            for (int vein = 0; vein <= 1; vein++) {
                course c = {.vein = vein, .trunk = temporal, .side = vertical * side};
                c.bow = (int)((int64_t)reach * between(r, vein ? 88 : 78, vein ? 108 : 96) / 100);
                vector at =
                    within(r, s->disc.x - Q16(30), s->disc.x + Q16(30), s->disc.y - Q16(20), s->disc.y + Q16(20));
                vector u = temporal ? direction(r, -400, 200, 1000, 1000) : direction(r, 500, 1100, 400, 1000);
                u = (vector){u.x * side, u.y * vertical};
                int radius = vein ? between(r, Q16(15), Q16(20)) : between(r, Q16(11), Q16(14));
                grow(s, r, c, at, u, temporal ? radius : radius * 4 / 5);
            }
}

/* ---- Landmarks ---- */

/* Each channel within +-percent of the color, all in step, plus a little of its own. */
static void vary_color(fv_random *r, int to[3], const int from[3], int percent) {
    int together = between(r, -percent, percent);
    for (int c = 0; c < 3; c++) to[c] = from[c] + from[c] * (together + between(r, -percent / 3, percent / 3)) / 100;
}

static void draw_landmarks(fv_fundus_scene *s, fv_random *r, int side) {
    static const int disc_color[3] = {Q4(240), Q4(156), Q4(92)}, cup_color[3] = {Q4(252), Q4(212), Q4(150)};
    bool centred = chance(r, 35); /* on the fovea; else between it and the disc */
    int reach = between(r, Q16(580), Q16(700));
    int x = side * (centred ? between(r, Q16(580), Q16(680)) : between(r, Q16(260), Q16(460)));
    int y = between(r, -Q16(100), Q16(60)), radius = between(r, Q16(125), Q16(160));
    vector axis = direction(r, -350, 350, 1000, 1000); /* the long axis stands nearly upright */

    s->disc =
        (fv_fundus_blob){.x = x, .y = y, .ux = axis.x, .uy = axis.y, .a = radius, .soft = Q12(450), .wobble = Q12(120)};
    s->disc.b = radius * between(r, 80, 98) / 100;
    s->disc.strength = between(r, Q12(800), Q12(970));
    vary_color(r, s->disc.color, disc_color, 7);

    s->cup = s->disc;
    s->cup.x += -side * between(r, 0, radius / 8);
    s->cup.a = radius * between(r, 30, 55) / 100;
    s->cup.b = s->cup.a * between(r, 80, 100) / 100;
    s->cup.soft = Q12(1100);
    s->cup.strength = between(r, Q12(500), Q12(900));
    vary_color(r, s->cup.color, cup_color, 4);

    s->macula = (fv_fundus_blob){.x = x - side * reach, .y = y + between(r, Q16(30), Q16(120)), .ux = FV_Q12};
    s->macula.a = s->macula.b = between(r, Q16(260), Q16(380));
    s->macula.strength = between(r, Q12(200), Q12(420));
    s->foveola = s->macula;
    s->foveola.a = s->foveola.b = between(r, Q16(70), Q16(110));
    s->foveola.strength = between(r, Q12(120), Q12(300));
}

/* ---- Background, light and camera: the same for both classes ---- */

static void draw_background(fv_fundus_scene *s, fv_random *r) {
    int red = between(r, 170, 222);
    s->base[0] = red * 16;
    s->base[1] = red * between(r, 40, 54) / 100 * 16;
    s->base[2] = red * between(r, 16, 30) / 100 * 16;
    vector u = direction(r, 1000, 1000, -700, 700);
    s->tess_ux = u.x, s->tess_uy = u.y;
    for (int i = 0; i < FV_FUNDUS_TILE * FV_FUNDUS_TILE / 4; i++) {
        uint32_t word = fv_random_u32(r);
        for (int b = 0; b < 4; b++) ((uint8_t *)s->tile)[4 * i + b] = (uint8_t)(word >> (8 * b));
    }
}

static void draw_camera(fv_fundus_scene *s, fv_random *r) {
    s->field = (fv_fundus_blob){.ux = FV_Q12, .strength = FV_Q12};
    s->field.x = between(r, -Q16(30), Q16(30));
    s->field.y = between(r, -Q16(30), Q16(30));
    s->field.a = s->field.b = between(r, Q16(900), Q16(990));
    s->crop = chance(r, 40) ? between(r, Q16(760), Q16(900)) : 2 * FV_Q16;
    s->light_x = between(r, -Q16(350), Q16(350));
    s->light_y = between(r, -Q16(350), Q16(350));
    s->vignette = between(r, Q12(150), Q12(450));
    s->slope_x = between(r, -Q12(180), Q12(180));
    s->slope_y = between(r, -Q12(180), Q12(180));
    int brightness = between(r, 110, 185); /* white balance goes a little astray */
    for (int c = 0; c < 3; c++) s->exposure[c] = s->base[c] * brightness / 200 * between(r, 92, 108) / 100;
    int contrast = between(r, 0, 1000);
    static const int least[3] = {105, 215, 270}, most[3] = {235, 440, 640}; /* thousandths of the mean */
    for (int c = 0; c < 3; c++) {
        int share = least[c] + (most[c] - least[c]) * contrast / 1000;
        s->deviation[c] = s->exposure[c] * share / 1000 * between(r, 85, 115) / 100;
    }
    s->grain = between(r, 16, 80);
}

/* ---- What tells the classes apart, and what must not ---- */

static fv_fundus_blob *add_blob(fv_fundus_scene *s, fv_random *r, vector at, int size, const int color[3]) {
    vector u = direction(r, -1000, 1000, -1000, 1000);
    fv_fundus_blob *blob = &s->blobs[s->nblobs++];
    *blob = (fv_fundus_blob){.x = at.x, .y = at.y, .ux = u.x, .uy = u.y, .a = size};
    blob->b = size * between(r, 55, 95) / 100;
    vary_color(r, blob->color, color, 5);
    return blob;
}

/* Uneven pigment. Bands take the place of most of it in the tessellated eye. */
static void draw_pigment(fv_fundus_scene *s, fv_random *r, bool positive) {
    s->tessellation = positive ? between(r, Q12(600), Q12(950)) : chance(r, 25) ? between(r, 0, Q12(100)) : 0;
    s->mottle[0] = between(r, Q12(60), positive ? Q12(260) : Q12(400));
    s->mottle[1] = between(r, Q12(30), positive ? Q12(120) : Q12(200));
    s->mottle[2] = between(r, Q12(20), Q12(100));
}

/* A crescent of bare sclera on the disc's temporal side, in a third of eyes all around it. */
static void draw_atrophy(fv_fundus_scene *s, fv_random *r, int side) {
    static const int sclera[3] = {Q4(244), Q4(206), Q4(138)};
    int radius = s->disc.a, out = between(r, radius * 75 / 100, radius * 130 / 100);
    bool ring = chance(r, 33);
    s->atrophy = s->disc;
    s->atrophy.a = radius + (ring ? out : out / 3);
    s->atrophy.b = s->disc.b + (ring ? out : out * 3 / 4);
    s->atrophy.x -= side * (ring ? out / 3 : out * 3 / 4);
    s->atrophy.soft = between(r, Q12(200), Q12(450));
    s->atrophy.wobble = between(r, Q12(250), Q12(600));
    s->atrophy.strength = between(r, Q12(820), Q12(970));
    vary_color(r, s->atrophy.color, sclera, 5);
}

/* Patchy atrophy of the posterior pole: sharp, irregular, pigmented at the edge. */
static void draw_patches(fv_fundus_scene *s, fv_random *r) {
    static const int color[3] = {Q4(240), Q4(206), Q4(140)};
    for (int n = between(r, 0, 3); n > 0; n--) {
        vector at =
            within(r, s->macula.x - Q16(400), s->macula.x + Q16(400), s->macula.y - Q16(400), s->macula.y + Q16(400));
        fv_fundus_blob *blob = add_blob(s, r, at, between(r, Q16(50), Q16(130)), color);
        blob->pigment = between(r, Q12(200), Q12(500));
        blob->soft = Q12(300);
        blob->wobble = between(r, Q12(500), Q12(1100));
        blob->strength = between(r, Q12(650), Q12(950));
    }
}

/* Healthy eyes have pale spots too, elsewhere: cotton wool, reflexes of the nerve fibres. */
static void draw_spots(fv_fundus_scene *s, fv_random *r) {
    static const int color[3] = {Q4(246), Q4(228), Q4(190)};
    for (int n = between(r, 0, 3); n > 0; n--) {
        vector at;
        do at = within(r, -Q16(750), Q16(750), -Q16(750), Q16(750));
        while (distance(at.x, at.y, s->disc.x, s->disc.y) < Q16(420) || distance(at.x, at.y, 0, 0) > Q16(800));
        fv_fundus_blob *blob = add_blob(s, r, at, between(r, Q16(50), Q16(130)), color);
        blob->soft = between(r, Q12(1200), Q12(1900));
        blob->wobble = between(r, Q12(300), Q12(900));
        blob->strength = between(r, Q12(600), Q12(950));
    }
}

void fv_fundus_draw(fv_fundus_scene *s, uint64_t seed, uint64_t stream, bool positive) {
    fv_random random = fv_random_stream(seed, stream, FV_STREAM_DATA), *r = &random;
    memset(s, 0, sizeof *s);
    s->seed = seed;
    s->stream = stream;
    int side = sign(r); /* where the disc is: +1 right */
    draw_background(s, r);
    draw_camera(s, r);
    draw_landmarks(s, r, side);
    draw_vessels(s, r, side);
    draw_pigment(s, r, positive);
    if (positive) {
        draw_atrophy(s, r, side);
        draw_patches(s, r);
    } else {
        draw_spots(s, r);
    }
}
