/* RandAugment (Cubuk et al. 2019, "RandAugment: Practical automated data augmentation with a reduced search space") with
 * torchvision's list and strengths: N times one operation of the list, all equally likely, as strong as M of 30 says, to one side
 * or the other where it has two.
 *
 * Not as there: sharpness is missing, which looks at a pixel's neighbours, as no other color does; the geometry of all N is one
 * map, sampled once and smoothly, before all colors, so that these meet the black that it moves in also where they were drawn
 * first; shear and rotation turn about points, not about centres of pixels. */
#include "augment/transform.h"

#include <math.h>

enum { STRONGEST = 30 };

static fv_view shear_x(const fv_span *value, const fv_frame *frame, fv_random *random) {
    (void)frame, (void)random;
    return (fv_view){{{1, value->low, 0}, {0, 1, 0}}};
}

static fv_view shear_y(const fv_span *value, const fv_frame *frame, fv_random *random) {
    (void)frame, (void)random;
    return (fv_view){{{1, 0, 0}, {value->low, 1, 0}}};
}

/* By whole pixels. */
static fv_view shift_x(const fv_span *value, const fv_frame *frame, fv_random *random) {
    (void)random;
    return (fv_view){{{1, 0, trunc(value->low * frame->width)}, {0, 1, 0}}};
}

static fv_view shift_y(const fv_span *value, const fv_frame *frame, fv_random *random) {
    (void)random;
    return (fv_view){{{1, 0, 0}, {0, 1, trunc(value->low * frame->height)}}};
}

/* A transform's function, and its first parameter at strength 0 and at the strongest. */
static const struct {
    fv_view (*geometry)(const fv_span *value, const fv_frame *frame, fv_random *random);
    fv_color_step (*color)(const fv_span *value, fv_random *random);
    double weak, strong;
    bool either; /* to the other side of `weak` as well */
} operations[] = {
    {0}, /* the picture stays as it is */
    {.geometry = shear_x, .weak = 0, .strong = 0.3, .either = true},
    {.geometry = shear_y, .weak = 0, .strong = 0.3, .either = true},
    {.geometry = shift_x, .weak = 0, .strong = 150.0 / 331, .either = true},
    {.geometry = shift_y, .weak = 0, .strong = 150.0 / 331, .either = true},
    {.geometry = fv_rotate_geometry, .weak = 0, .strong = 30, .either = true},
    {.color = fv_brightness_color, .weak = 1, .strong = 1.9, .either = true},
    {.color = fv_saturation_color, .weak = 1, .strong = 1.9, .either = true},
    {.color = fv_contrast_color, .weak = 1, .strong = 1.9, .either = true},
    {.color = fv_posterize_color, .weak = 8, .strong = 4},
    {.color = fv_solarize_color, .weak = 1, .strong = 0},
    {.color = fv_autocontrast_color, .weak = 1, .strong = 1},
    {.color = fv_equalize_color, .weak = 1, .strong = 1},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static void draw_one(double strength, const fv_frame *frame, fv_random *random, fv_distortion *d) {
    uint32_t i = fv_random_below(random, OPERATIONS), back = fv_random_below(random, 2);
    double away = (operations[i].strong - operations[i].weak) * strength;
    double x = operations[i].weak + (operations[i].either && back ? -away : away);
    if (operations[i].color == fv_posterize_color) x = rint(x);
    const fv_span value[FV_PARAMETERS] = {{x, x}, {1, 1}}; /* the second is a probability where there is one */
    if (operations[i].geometry) fv_add_view(d, operations[i].geometry(value, frame, random));
    if (operations[i].color) fv_add_color(d, operations[i].color(value, random));
}

void fv_randaugment_draw(const fv_span *value, const fv_frame *frame, fv_random *random, fv_distortion *d) {
    for (int i = 0; i < (int)value[0].low; i++) draw_one(value[1].low / STRONGEST, frame, random, d);
}
