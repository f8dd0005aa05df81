/* The networks in torchvision's numbers (golden/make_networks.py), and a network compared with them. */
#ifndef MODELS_GOLDEN_H
#define MODELS_GOLDEN_H

#include "engine/model.h"

enum { GOLDEN_CLASSES = 10, GOLDEN_BATCH = 4, GOLDEN_LOGITS = GOLDEN_BATCH * GOLDEN_CLASSES };

typedef struct golden_gradient {
    double length, along; /* its product with formula_uniform("direction") */
} golden_gradient;

typedef struct golden {
    const char *name;
    int side; /* of golden_small()'s input */
    /* of the paper's form */
    size_t parameters, macs;
    int entries;
    uint64_t digest; /* FNV-1a of "NAME DIM DIM ...\n" for each, in order */
    /* of golden_small() */
    double inference[GOLDEN_LOGITS], training[GOLDEN_LOGITS]; /* logits */
    double loss;
    const golden_gradient *gradients; /* of each trained parameter */
} golden;

extern const golden goldens[];
extern const int n_goldens;
const golden *golden_of(const char *name); /* NULL: there is none */

/* A form that is built from shapes alone, without dropout: all weights zero, in memory that is never touched. classes and
 * side 0: the paper's. */
fv_model *golden_hollow(const char *name, int classes, int side);

/* Ten classes and a small input; weights by the formula. */
fv_model *golden_small(const golden *g);
float *golden_images(const fv_model *model);

/* Compares logits at inference, and logits, loss and gradients of a training step of golden_small(): for each a test, or for those
 * of at most so many parameters (but for `make test-full`). */
int golden_run(const char *group, size_t most);

#endif
