/* Runs the nodes that an optimizer emits, without an engine: memory by node, steps in the graph's order. */
#ifndef TESTS_OPTIM_STEPPER_H
#define TESTS_OPTIM_STEPPER_H

#include "ops/kernel.h"

enum { STEPPER_NODES = 512, STEPPER_OUT = 2 };

typedef struct stepper {
    fv_graph *graph;
    int threads;    /* of kernels; 0: ref, in double */
    int grad_parts; /* parts of each gradient leaf; 0: one copy */
    float
        *memory[STEPPER_NODES][STEPPER_OUT]; /* of each node's outputs; gradients' parts back to back. Zero at first */
    fv_run_env env;
    _Atomic(const fv_node *) bad;
} stepper;

/* A parameter leaf, and a leaf for a gradient. */
fv_value *stepper_parameter(fv_graph *graph, const char *name, int count, bool no_decay);
fv_value *stepper_gradient(fv_graph *graph, int count);

/* For a graph with all its nodes. */
stepper *stepper_new(fv_graph *graph, int threads, int grad_parts);
void stepper_run(stepper *s);  /* one optimizer step: env.step moves on */
void stepper_free(stepper *s); /* the graph is the caller's */

static inline float *stepper_memory(const stepper *s, const fv_value *value) {
    return s->memory[value->node->id][value - value->node->out];
}

/* The gradient as the parts' sum: value[i] split so that the sum is exact where value is a small fraction. */
void stepper_set_gradient(stepper *s, const fv_value *grad, const float *values, int count);

#endif
