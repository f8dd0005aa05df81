/* What the MobileNets share. */
#ifndef MODELS_MOBILENET_H
#define MODELS_MOBILENET_H

#include "models/conv_bn.h"
#include "models/models.h"

/* Rounded to a multiple of 8, but not down by more than a tenth: torchvision's rule. */
static inline int fv_mobilenet_round(double wanted) {
    int rounded = (int)(wanted + 4) / 8 * 8;
    if (rounded < 8) rounded = 8;
    return rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

/* Channels times the width multiplier, rounded. */
static inline int fv_mobilenet_width(int channels, const fv_arch *arch) {
    return fv_mobilenet_round((double)channels * (arch->width_mult == 0 ? 1 : (double)arch->width_mult));
}

static inline int fv_mobilenet_channels(const fv_value *x) {
    int channels, height, width;
    fv_value_shape(x, &channels, &height, &width);
    return channels;
}

/* Torchvision's initialisation, unless another is asked for. */
static inline fv_init fv_mobilenet_init(const fv_arch *arch) {
    return arch->init.kind ? arch->init : (fv_init){.kind = FV_INIT_KAIMING_FAN_OUT};
}

static inline fv_init fv_mobilenet_linear_init(const fv_arch *arch) {
    return arch->init.kind ? arch->init : (fv_init){.kind = FV_INIT_NORMAL, .scale = 0.01f};
}

#endif
