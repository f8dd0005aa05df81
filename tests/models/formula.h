/* Weights and inputs by the formula of golden/make_networks.py, so that fixtures hold results alone. */
#ifndef MODELS_FORMULA_H
#define MODELS_FORMULA_H

#include "engine/model.h"

/* `count` numbers of [-1, 1), keyed by a name. */
void formula_uniform(const char *name, size_t count, float *out);

/* Gives every parameter of the model its formula's values. */
void formula_fill(fv_model *model);

#endif
