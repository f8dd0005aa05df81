/* The customary augmentation of ImageNet (Szegedy et al. 2014, "Going Deeper with Convolutions"; torchvision's
 * RandomResizedCrop): a part of random area and shape, stretched to the input's size. Its sides are whole pixels of the image. */
#include "augment/transform.h"

#include <math.h>

enum { TRIES = 10 };

typedef struct part {
    int left, top, width, height; /* in pixels of the image */
} part;

static fv_view show(const part *p, const fv_frame *f) {
    double x = (double)f->width / f->image_width, y = (double)f->height / f->image_height;
    return (fv_view){
        {{(double)p->width / f->image_width, 0, p->left * x}, {0, (double)p->height / f->image_height, p->top * y}}};
}

/* Area uniform, ratio uniform in its logarithm; false if such a part does not fit. */
static bool draw(fv_span area, fv_span ratio, const fv_frame *f, fv_random *random, part *p) {
    double pixels = (double)f->image_width * f->image_height * fv_span_draw(area, random);
    double shape = exp(fv_span_draw((fv_span){log(ratio.low), log(ratio.high)}, random));
    p->width = (int)lrint(sqrt(pixels * shape));
    p->height = (int)lrint(sqrt(pixels / shape));
    if (p->width < 1 || p->height < 1 || p->width > f->image_width || p->height > f->image_height) return false;
    p->left = (int)fv_random_below(random, (uint32_t)(f->image_width - p->width) + 1);
    p->top = (int)fv_random_below(random, (uint32_t)(f->image_height - p->height) + 1);
    return true;
}

/* The largest part in the middle whose ratio is allowed. */
static part middle(fv_span ratio, const fv_frame *f) {
    double shape = fmin(fmax((double)f->image_width / f->image_height, ratio.low), ratio.high);
    part p = {.width = (int)fmin(f->image_width, fmax(1, rint(f->image_height * shape))),
              .height = (int)fmin(f->image_height, fmax(1, rint(f->image_width / shape)))};
    p.left = (f->image_width - p.width) / 2;
    p.top = (f->image_height - p.height) / 2;
    return p;
}

fv_view fv_resized_crop_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    part p;
    for (int i = 0; i < TRIES; i++)
        if (draw(value[0], value[1], frame, random, &p)) return show(&p, frame);
    p = middle(value[1], frame);
    return show(&p, frame);
}

/* A side is the root of area times ratio, or of area through ratio, of the image's. */
double fv_resized_crop_zoom(const fv_span *value) {
    return 1 / sqrt(value[0].low * fmin(value[1].low, 1 / value[1].high));
}
