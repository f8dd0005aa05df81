/* The procedural retina: a scene drawn from random numbers, and its photograph at any size.
 *
 * Integer arithmetic only, so that the pixels have the same bits with every compiler, flag and processor: lengths in Q16
 * (the image is [-1, 1] x [-1, 1], y down), directions, masks and factors in Q12, colors 0..255 in Q4. */
#ifndef DATA_FUNDUS_H
#define DATA_FUNDUS_H

#include "core/random.h"
#include "core/status.h"

enum { FV_Q12 = 1 << 12, FV_Q16 = 1 << 16 };

/* An ellipse with a soft, wobbling edge. */
typedef struct fv_fundus_blob {
    int x, y;                     /* centre, Q16 */
    int ux, uy;                   /* direction of the long axis, Q12 */
    int a, b;                     /* half axes, Q16 */
    int soft;                     /* width of the edge: Q12, of the squared distance, that is 1 at the edge */
    int wobble;                   /* how far noise moves the edge, Q12, as soft */
    int strength;                 /* of the mask inside, Q12 */
    int pigment;                  /* strength of a dark rim, Q12 */
    int color[3];                 /* Q4 */
    int64_t inverse_a, inverse_b; /* 1 / a, 1 / b: Q28 over Q16; the photograph sets them */
} fv_fundus_blob;

/* A piece of a vessel. */
typedef struct fv_fundus_segment {
    int x0, y0, x1, y1, radius; /* Q16 */
    bool vein;
} fv_fundus_segment;

enum { FV_FUNDUS_BLOBS = 12, FV_FUNDUS_SEGMENTS = 6000, FV_FUNDUS_TILE = 64 };

typedef struct fv_fundus_scene {
    uint64_t seed, stream; /* the noise of the photograph's pixels goes on from them */

    fv_fundus_blob field; /* of view */
    int crop;             /* the field is cut flat above and below here, Q16 */
    int base[3];          /* color of the background, Q4 */
    int mottle[3];        /* strength of the background's broad, middle and fine texture, Q12 */
    int tessellation;     /* strength of the choroid's pattern, Q12 */
    int tess_ux, tess_uy; /* direction of its bands, Q12 */
    fv_fundus_blob macula, foveola, disc, cup, atrophy; /* atrophy: strength 0 where there is none */
    int nblobs;
    fv_fundus_blob blobs[FV_FUNDUS_BLOBS]; /* patches with a pigmented edge, and pale spots */

    int light_x, light_y; /* where the light is best, Q16 */
    int vignette;         /* loss at distance 1, Q12 */
    int slope_x, slope_y; /* gradient of the light, Q12 over distance 1 */
    int exposure[3];      /* mean colors inside the field, Q4 */
    int deviation[3];     /* their standard deviation there, Q4 */
    int grain;            /* of the sensor, levels in Q4 */

    int nsegments;
    fv_fundus_segment segments[FV_FUNDUS_SEGMENTS];
    uint8_t tile[FV_FUNDUS_TILE][FV_FUNDUS_TILE]; /* lattice of the value noise, wraps around */
} fv_fundus_scene;

void fv_fundus_draw(fv_fundus_scene *scene, uint64_t seed, uint64_t stream, bool positive);
/* rgb: [size,size,3]. Fits the scene's blobs to the size. */
fv_status fv_fundus_photograph(fv_fundus_scene *scene, int size, uint8_t *rgb);

/* floor(sqrt(n)). */
uint32_t fv_isqrt(uint64_t n);

#endif
