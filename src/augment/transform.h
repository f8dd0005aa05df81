/* What a transform is: a file of this folder, and a row of augments.def. */
#ifndef AUGMENT_TRANSFORM_H
#define AUGMENT_TRANSFORM_H

#include "core/random.h"
#include "image/prepare.h"

/* What a parameter's text gives: a single number has both ends. */
typedef struct fv_span {
    double low, high;
} fv_span;

/* A random number of the span, uniform. */
static inline double fv_span_draw(fv_span span, fv_random *random) {
    return span.low + (span.high - span.low) * (double)fv_random_float(random);
}

/* True with the probability. */
static inline bool fv_drawn(fv_span probability, fv_random *random) {
    return (double)fv_random_float(random) < probability.low;
}

/* What one number x means where a span could stand. */
typedef enum fv_single {
    FV_ALONE,    /* x; a span is refused */
    FV_ITSELF,   /* x to x */
    FV_AROUND_0, /* -x to x */
    FV_AROUND_1, /* 1 - x, or the least that may be written, to 1 + x */
    FV_UP_TO_1,  /* x to 1 */
} fv_single;

typedef struct fv_parameter {
    const char *name; /* as messages call it: "the angle"; NULL: there is no such parameter */
    const char *standard;
    double low, high; /* of what may be written */
    const char *unit; /* "degrees", or "" */
    fv_single single;
    bool whole; /* whole numbers only */
} fv_parameter;

/* The sizes in pixels of the network's input and of the image at hand. */
typedef struct fv_frame {
    int width, height, image_width, image_height;
} fv_frame;

enum { FV_PARAMETERS = 2 };

/* A rectangle in width x height pixels with an area, as a share of theirs, uniform in its span, and a ratio of width to height,
 * uniform in its logarithm, anywhere; false if ten draws did not fit. */
bool fv_rectangle_draw(fv_span area, fv_span ratio, int width, int height, fv_random *random, fv_rectangle *rectangle);

/* Adds to what is done already. There is room for FV_COLOR_STEPS of each kind. */
void fv_add_view(fv_distortion *distortion, fv_view map);
void fv_add_color(fv_distortion *distortion, fv_color_step step);

/* Either a geometry or a color, or something of its own. */
typedef struct fv_transform {
    const char *name, *usage, *help;
    /* One draw's map, in pixels of the network's input. */
    fv_view (*geometry)(const fv_span *value, const fv_frame *frame, fv_random *random);
    /* The most that the map can enlarge; NULL: it does not. */
    double (*zoom)(const fv_span *value);
    /* One draw's step; without `apply` the picture stays as it is. */
    fv_color_step (*color)(const fv_span *value, fv_random *random);
    /* One draw, added to the distortion: one step, or as many as the first parameter says. */
    void (*draw)(const fv_span *value, const fv_frame *frame, fv_random *random, fv_distortion *distortion);
    bool several;
    bool in_turn; /* left out in every second epoch of a sample, its first or its second by chance */
    fv_parameter parameter[FV_PARAMETERS];
} fv_transform;

#define GEOMETRY(name, zoom, ...) \
    fv_view fv_##name##_geometry(const fv_span *value, const fv_frame *frame, fv_random *random);
#define IN_TURN(name, ...) GEOMETRY(name, NULL, NULL)
#define COLOR(name, ...)   fv_color_step fv_##name##_color(const fv_span *value, fv_random *random);
#define OTHER(name, several, ...) \
    void fv_##name##_draw(const fv_span *value, const fv_frame *frame, fv_random *random, fv_distortion *distortion);
#include "augment/augments.def"
#undef GEOMETRY
#undef IN_TURN
#undef COLOR
#undef OTHER

double fv_scale_zoom(const fv_span *value);
double fv_resized_crop_zoom(const fv_span *value);

#endif
