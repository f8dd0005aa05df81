/* The customary augmentation of ImageNet (Szegedy et al. 2014, "Going Deeper with Convolutions"; torchvision's
 * RandomResizedCrop): a part of random area and shape, stretched to the input's size. Its sides are whole pixels of the image. */
#include "augment/transform.h"

#include <math.h>

static fv_view show(const fv_rectangle *p, const fv_frame *f) {
    double x = (double)f->width / f->image_width, y = (double)f->height / f->image_height;
    return (fv_view){
        {{(double)p->width / f->image_width, 0, p->left * x}, {0, (double)p->height / f->image_height, p->top * y}}};
}

/* The largest part in the middle whose ratio is allowed. */
static fv_rectangle middle(fv_span ratio, const fv_frame *f) {
    double shape = fmin(fmax((double)f->image_width / f->image_height, ratio.low), ratio.high);
    fv_rectangle p = {.width = (int)fmin(f->image_width, fmax(1, rint(f->image_height * shape))),
                      .height = (int)fmin(f->image_height, fmax(1, rint(f->image_width / shape)))};
    p.left = (f->image_width - p.width) / 2;
    p.top = (f->image_height - p.height) / 2;
    return p;
}

fv_view fv_resized_crop_geometry(const fv_span *value, const fv_frame *frame, fv_random *random) {
    fv_rectangle p;
    if (!fv_rectangle_draw(value[0], value[1], frame->image_width, frame->image_height, random, &p))
        p = middle(value[1], frame);
    return show(&p, frame);
}

/* A side is the root of area times ratio, or of area through ratio, of the image's. */
double fv_resized_crop_zoom(const fv_span *value) {
    return 1 / sqrt(value[0].low * fmin(value[1].low, 1 / value[1].high));
}
