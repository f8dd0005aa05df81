/* Loss nodes: output 0 is the scalar loss, output 1 its gradient by the logits, of the logits' shape: both need the same
 * softmax or sigmoid, so one node computes both, and the backward pass starts at output 1. A loss is the end of a graph:
 * its own gradient is 1. */
#ifndef OPS_LOSS_H
#define OPS_LOSS_H

#include "fovea/loss.h"
#include "ops/kernel.h"

/* The node for logits [N,K] and targets [N,K]: for cross-entropy rows that sum to 1, for bce numbers from 0 to 1; with `ignore`
 * also rows of numbers below 0, which are left out. The class weights of one logit are the negative's and the positive's. NULL
 * on failure: options out of range, or shapes that do not fit. */
fv_value *fv_loss_node(fv_graph *graph, const fv_loss *loss, fv_value *logits, fv_value *target);

enum { FV_MOST_GAMMA = 100 };

/* The loss with its defaults filled in for a network with so many logits: cross-entropy or bce, with gamma 0 or more. */
fv_loss fv_loss_resolved(const fv_loss *loss, int outputs);
/* fv_loss_check, and what depends on the number of logits. */
fv_status fv_loss_check_for(const fv_loss *loss, int outputs);
const char *fv_loss_kind_name(fv_loss_kind kind); /* NULL: there is no such kind */

/* The nodes of one kind, from options that fv_loss_check has passed. */
fv_value *fv_cross_entropy_node(fv_graph *graph, const fv_loss *loss, fv_value *logits, fv_value *target);
fv_value *fv_bce_node(fv_graph *graph, const fv_loss *loss, fv_value *logits, fv_value *target);

/* What the rooms of losses share. */

fv_status fv_infer_loss(const fv_node *node, fv_shape out[]);
fv_status fv_grad_loss(fv_node *node, fv_value *const dy[], fv_value *dx[]);

/* A thread's rows of the logits in FV_PLAIN, or groups of them in FV_BATCH. */
typedef struct fv_loss_share {
    int n, classes;     /* of the whole batch */
    int begin, end;     /* rows, or groups */
    bool batch;         /* FV_BATCH */
    const float *z, *t; /* of the whole batch */
    float *dz;          /* NULL where nothing reads it */
    float *loss;        /* scratch: one per image, lanes beyond N included */
    float *free;        /* scratch behind it, if plan asked for more */
} fv_loss_share;

/* Asks for the losses' scratch and `more` floats, and splits output 0 into parts: one a thread. */
fv_status fv_plan_loss(fv_step *step, size_t more);
fv_loss_share fv_share_loss(const fv_step *step, int thread, int nthreads);
/* Writes the thread's part of output 0: factor times the sum of its images' losses. */
void fv_sum_loss(const fv_step *step, const fv_loss_share *share, int thread, double factor);

#endif
