/* Cubehelix (Green, "A colour scheme for the display of astronomical intensity images", 2011): colors that wind about the
 * diagonal from black to white, so that the luminance 0.30 R + 0.59 G + 0.11 B is v itself:
 *
 *     phi = 2 pi (start / 3 + rotations v),   a = hue v (1 - v) / 2
 *     (R, G, B) = v + a (-0.14861 cos phi + 1.78277 sin phi,  -0.29227 cos phi - 0.90649 sin phi,  1.97294 cos phi) */
#include "explain/explain.h"

#include <math.h>

/* Dark blue over green to yellow: no red, which skin and fundus photographs are full of; and neither end without color. */
static const double start = 0.35, rotations = -0.785, hue = 1.9, darkest = 0.1, lightest = 0.85;

void fv_heat(float value, float rgb[3]) {
    double v = darkest + (lightest - darkest) * (double)value;
    double phi = 2 * M_PI * (start / 3 + rotations * v), a = hue * v * (1 - v) / 2;
    rgb[0] = (float)(v + a * (-0.14861 * cos(phi) + 1.78277 * sin(phi)));
    rgb[1] = (float)(v + a * (-0.29227 * cos(phi) - 0.90649 * sin(phi)));
    rgb[2] = (float)(v + a * 1.97294 * cos(phi));
}
