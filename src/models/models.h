/* The table of networks. Adding one: a file that builds it, a line in models.def. */
#ifndef MODELS_MODELS_H
#define MODELS_MODELS_H

#include "fovea/model.h"

typedef struct fv_network_row {
    fv_network_info info;
    /* Builds the graph for an `arch` with classes and input filled in; returns the logits. */
    fv_value *(*build)(const fv_arch *arch);
} fv_network_row;

/* The rate of a dropout layer, where the caller has not asked for another. */
float fv_dropout_rate(const fv_arch *arch, float standard);

/* What stands between the convolutions and the linear layers where these take side x side maps, which is what the paper's
 * input gives. Maps a whole number of times as large are averaged to that, as torchvision's are, so that published weights
 * fit; others are taken as they are, and the first linear layer's size follows. */
fv_value *fv_pool_to(fv_value *x, int side);

#define FV_NETWORK(name, ...) fv_value *fv_build_##name(const fv_arch *arch);
#include "models/models.def"
#undef FV_NETWORK

#endif
