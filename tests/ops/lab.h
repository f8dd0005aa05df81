/* The operators' laboratory. A case builds one node from a random stencil; the lab emits the node's gradient, fills the
 * leaves, and makes two of the three proofs (the third, another framework's numbers, is tests/golden):
 *
 *   fast against ref        every kernel of the node and of its backward nodes, on teams of 1, 2 and 3 threads, in its own
 *                           layouts, against `ref` in double; those in bf16 on numbers that bf16 has
 *   ref against differences the emitted backward against central finite differences of the forward `ref`, both in double,
 *                           skipping kinks (where the two one-sided differences disagree)
 *
 * A failure prints the case, the seed, the arguments and the shapes. To run one stencil again: test_ops CASE SEED. */
#ifndef TESTS_OPS_LAB_H
#define TESTS_OPS_LAB_H

#include "core/arena.h"
#include "core/random.h"
#include "ops/kernel.h"

#include <stdint.h>

typedef enum lab_fill {
    LAB_NORMAL,   /* N(0, 1) */
    LAB_WIDE,     /* N(0, 5^2) */
    LAB_POSITIVE, /* U(0.5, 2) */
    LAB_UNIT,     /* U(0, 1): targets of bce */
    LAB_DISTINCT, /* a shuffled grid over (-2, 2): no two values close (max pooling) */
    LAB_TIES,     /* -1, 0 or 1: many equal values; only where no gradient is checked */
    LAB_SOFT,     /* each row [N,F] positive with sum 1: soft labels */
    LAB_ONE_HOT,  /* each row [N,F] a 1 among zeros */
    LAB_PARTIAL,  /* the same, but some rows are -1: images left out */
    LAB_ZERO,
    LAB_ONE,
} lab_fill;

/* One stencil: a graph of leaves, one node, and its gradient, with numbers in it. */
typedef struct lab {
    fv_graph *graph;
    fv_arena arena;
    fv_random random;
    const char *name; /* of the case */
    uint64_t seed;
    bool small;              /* finite differences follow: lab_channels and lab_batch stay low */
    int bf16_sums;           /* set by build: additions of which kernels in bf16 round each; 0: their sums are f32 */
    fv_node *node;           /* the one under test */
    fv_value *dy;            /* leaf: the gradient of its output 0; NULL: not differentiable */
    fv_value *dx[FV_MAX_IN]; /* what op->grad made of it */
    fv_run_env env;
    struct lab_leaf *leaves; /* by node id */
    double **values;         /* by node id * FV_MAX_OUT + output: ref's, after lab_begin */
    double **written;        /* by node id: of leaves in written_in, after the run */
} lab;

/* One kind of stencil. The name is the operator's, or "operator: what is special". */
typedef struct lab_case {
    const char *name;
    fv_value *(*build)(lab *l); /* makes leaves and the node; returns its output 0 */
    double tolerance;           /* of kernels, relative to 1 or the tensor's largest value; 0: 2e-5 */
} lab_case;

/* Restarts the program with OpenMP's threads sleeping while they wait, which OpenMP reads before main(): teams here have
 * more threads than there are cores. Where that fails, tests are slow and no less right. */
void lab_wait_passively(char **argv);

/* ---- For a case's build function --------------------------------------------------------------------------------- */

int lab_int(lab *l, int low, int high); /* uniform, both ends included */
bool lab_chance(lab *l, int percent);
int lab_pick(lab *l, const int *from, int count);
#define LAB_PICK(l, ...) lab_pick(l, (const int[]){__VA_ARGS__}, FV_COUNT(((const int[]){__VA_ARGS__})))
int lab_channels(lab *l); /* on and off the vector width: 1, 3, 6, 16, 24, 58, ... */
int lab_batch(lab *l);    /* on and off 16: 1, 2, 5, 16, 19, ... */

fv_value *lab_input(lab *l, fv_shape shape, lab_fill fill); /* an activation that wants a gradient */
fv_value *lab_given(lab *l, fv_shape shape, lab_fill fill); /* one that wants none: targets */
fv_value *lab_parameter(lab *l, const char *name, fv_shape shape,
                        lab_fill fill);                                       /* a parameter that wants a gradient */
fv_value *lab_state(lab *l, const char *name, fv_shape shape, lab_fill fill); /* one that wants none: statistics */

/* Makes a parameter one that no plan changes. */
void lab_freeze(fv_value *parameter);

/* ---- The proofs: each fails the running cmocka test with everything needed to see why. ----------------------------- */

void lab_check_gradient(const lab_case *kind, uint64_t seed);
void lab_check_kernels(const lab_case *kind, uint64_t seed);

/* True if the operator's ref has run in some stencil so far; true if this kernel has. */
bool lab_covered(const fv_op *op);
bool lab_kernel_covered(const fv_kernel *kernel);

/* ---- The stages, for proofs of another kind (tests/golden) ---------------------------------------------------------- */

/* Builds the case and its gradient, fills the leaves, runs ref. lab_end frees. */
lab lab_begin(const lab_case *kind, uint64_t seed, bool small);
void lab_end(lab *l);
/* The numbers of a value, to read or, for a leaf, to replace before ref runs again. */
double *lab_numbers(lab *l, const fv_value *value);
void lab_evaluate(lab *l);
/* Every kernel of the node under test but those in bf16, against the numbers that are there now. */
void lab_compare_kernels(lab *l, double tolerance);
/* "conv2d: kernel 3,3 ... x [2,6,9,9]": for messages. */
const char *lab_describe(lab *l);

#endif
