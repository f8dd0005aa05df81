/* A rectangle of a picture, of random area and shape, as torchvision draws it for RandomResizedCrop and RandomErasing. */
#include "augment/transform.h"

#include <math.h>

enum { TRIES = 10 };

static bool try(fv_span area, fv_span ratio, int width, int height, fv_random *random, fv_rectangle *p) {
    double pixels = (double)width * height * fv_span_draw(area, random);
    double shape = exp(fv_span_draw((fv_span){log(ratio.low), log(ratio.high)}, random));
    p->width = (int)lrint(sqrt(pixels * shape));
    p->height = (int)lrint(sqrt(pixels / shape));
    if (p->width < 1 || p->height < 1 || p->width > width || p->height > height) return false;
    p->left = (int)fv_random_below(random, (uint32_t)(width - p->width) + 1);
    p->top = (int)fv_random_below(random, (uint32_t)(height - p->height) + 1);
    return true;
}

bool fv_rectangle_draw(fv_span area, fv_span ratio, int width, int height, fv_random *random, fv_rectangle *rectangle) {
    bool fits = false;
    for (int i = 0; i < TRIES && !fits; i++) fits = try(area, ratio, width, height, random, rectangle);
    return fits;
}
