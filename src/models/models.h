/* The table of networks. Adding one: a file that builds it, a line in models.def. */
#ifndef MODELS_MODELS_H
#define MODELS_MODELS_H

#include "fovea/model.h"

typedef struct fv_network_row {
    fv_network_info info;
    /* Builds the graph for an `arch` with classes and input filled in; returns the logits. */
    fv_value *(*build)(const fv_arch *arch);
    const char *const *options; /* keys of the text form beside the general ones; NULL-terminated; NULL: none */
} fv_network_row;

/* The rate of a dropout layer, where the caller has not asked for another. */
float fv_dropout_rate(const fv_arch *arch, float standard);

#define FV_NETWORK(name, ...) fv_value *fv_build_##name(const fv_arch *arch);
#include "models/models.def"
#undef FV_NETWORK

#endif
