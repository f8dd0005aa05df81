/* The operators' laboratory. A case builds one node from a random stencil; the lab emits the node's gradient, fills the
 * leaves, and makes two of the three proofs (the third, another framework's numbers, is tests/golden):
 *
 *   fast against ref        every kernel of the node and of its backward nodes, on teams of 1, 2 and 3 threads, in its own
 *                           layouts, against `ref` in double
 *   ref against differences the emitted backward against central finite differences of the forward `ref`, both in double,
 *                           skipping kinks (where the two one-sided differences disagree)
 *
 * A failure prints the case, the seed, the arguments and the shapes. To run one stencil again: test_ops CASE SEED. */
#ifndef TESTS_OPS_LAB_H
#define TESTS_OPS_LAB_H

#include "core/random.h"
#include "graph/op.h"

#include <stdint.h>

typedef enum lab_fill {
    LAB_NORMAL,   /* N(0, 1) */
    LAB_POSITIVE, /* U(0.5, 2) */
    LAB_UNIT,     /* U(0, 1): targets of bce */
    LAB_DISTINCT, /* a shuffled grid over (-2, 2): no two values close (max pooling) */
    LAB_TIES,     /* small integers: many equal values; for a leaf without gradient */
    LAB_SOFT,     /* each row [N,F] positive with sum 1: soft labels */
    LAB_ONE_HOT,  /* each row [N,F] a 1 among zeros */
    LAB_ZERO,
} lab_fill;

typedef struct lab {
    fv_graph *graph;
    fv_random random;
    uint64_t seed;
    struct lab_leaf *leaves; /* by node id; lab.c */
    int n_leaves;
} lab;

/* One kind of stencil. The name is the operator's, or "operator: what is special". */
typedef struct lab_case {
    const char *name;
    fv_value *(*build)(lab *l); /* makes leaves and the node; returns its output 0 */
    double tolerance;           /* of kernels, relative to the largest value of the tensor; 0: 2e-5 */
} lab_case;

/* ---- For a case's build function --------------------------------------------------------------------------------- */

int lab_int(lab *l, int low, int high); /* uniform, both ends included */
bool lab_chance(lab *l, int percent);
int lab_pick(lab *l, const int *from, int count);
#define LAB_PICK(l, ...) lab_pick(l, (const int[]){__VA_ARGS__}, FV_COUNT(((int[]){__VA_ARGS__})))
int lab_channels(lab *l); /* on and off the vector width: 1, 3, 6, 16, 24, 58, ... */
int lab_batch(lab *l);    /* on and off 16: 1, 2, 5, 16, 19, ... */

fv_value *lab_input(lab *l, fv_shape shape, lab_fill fill); /* an activation that wants a gradient */
fv_value *lab_given(lab *l, fv_shape shape, lab_fill fill); /* one that wants none: targets */
fv_value *lab_parameter(lab *l, const char *name, fv_shape shape, lab_fill fill); /* a parameter that wants a gradient */
fv_value *lab_state(lab *l, const char *name, fv_shape shape, lab_fill fill);     /* one that wants none: statistics */
/* A parameter made by an operator's constructor: found by the node's input, filled. */
void lab_refill(lab *l, const fv_value *leaf, lab_fill fill);

/* ---- For the tests ------------------------------------------------------------------------------------------------- */

/* Both proofs of one stencil; fails the running cmocka test with everything needed to see why. */
void lab_run(const lab_case *kind, uint64_t seed);

/* True if the operator's ref has run in some stencil so far; true if this kernel has. */
bool lab_covered(const fv_op *op);
bool lab_kernel_covered(const struct fv_kernel *kernel);

#endif
