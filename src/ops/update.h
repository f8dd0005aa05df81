/* The optimizer's step as a node: one a parameter, after the parameter's last reader. Its rule is a table that
 * src/optim/ fills in, one file a rule. */
#ifndef OPS_UPDATE_H
#define OPS_UPDATE_H

#include "ops/kernel.h"

enum { FV_RULE_SLOTS = 3, FV_MAX_SLOTS = FV_RULE_SLOTS + 1 }; /* a rule's, and the average of the weights */

/* Inputs of the nodes update and trust; in the place of sums of squares that are not needed stands the gradient. */
enum {
    FV_UPDATE_PARAM,
    FV_UPDATE_GRAD,
    FV_UPDATE_SQUARES,           /* that clipping goes by */
    FV_UPDATE_PARAM_SQUARES,     /* of the parameter */
    FV_UPDATE_DIRECTION_SQUARES, /* of the rule's direction */
    FV_UPDATE_SLOTS
};

/* Hyper-parameters with the defaults filled in. */
typedef struct fv_hyper {
    float momentum, beta1, beta2, epsilon;
    float weight_decay; /* a term weight_decay p of the gradient (L2), unless the rule decouples it */
    float l1;           /* a term l1 sign(p) of the gradient */
    float clip_norm;    /* the largest norm, whose square an update is given; 0: not clipped */
    float clip_value;   /* the largest size of a number of the gradient; 0: not clipped */
    float rho, momentum_decay, trust;
    bool nesterov, centered;
    bool adapts; /* the rate is scaled by norms, where the rule does that */
    float ema;   /* decay of the weights' moving average; 0: there is none */
} fv_hyper;

typedef struct fv_rule {
    const char *name;
    int n_slots;                         /* state kept for each parameter, of its shape, zero at first */
    int (*slots_for)(const fv_hyper *h); /* how many of them, the first ones, these options need; NULL: all */
    const char *slot_names[FV_RULE_SLOTS];
    bool decoupled; /* applies weight_decay itself */
    /* Of rules whose rate depends on norms (LARS, LAMB), else NULL: the rate's factor, given the norm of the parameter and
     * that of a direction u [n], which follows from the clipped gradient; it may change the slots that it is lent. */
    double (*trust)(const fv_hyper *h, double param_norm, double direction_norm);
    void (*direction)(const float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, uint64_t step,
                      float *u);
    /* Updates n elements of the parameter p and of its slots, given their gradient, in step 0, 1, ... Each element for
     * itself: the parameter is cut anywhere. */
    void (*run)(float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, float lr, uint64_t step);
} fv_rule;

/* How many slots a parameter has: those that the rule needs, and one for the average. */
int fv_update_slots(const fv_rule *rule, const fv_hyper *hyper);

/* gradient = norm ? grad * min(1, clip_norm / (sqrt(norm) + 1e-6)) : grad (as PyTorch's clip_grad_norm_), then the terms of
 * decay, then the rule. slots: fv_update_slots() leaves; norm: fv_grad_norm_node's value or NULL. Its value is the scalar sum of
 * squares of grad. */
fv_value *fv_update_node(fv_graph *graph, const fv_rule *rule, const fv_hyper *hyper, fv_value *param, fv_value *grad,
                         fv_value *const slots[], fv_value *norm);

/* What an update of a rule with norms goes by, and puts before itself where hyper->adapts: the sums of squares of the
 * parameter (output 0) and of the direction (output 1). */
fv_value *fv_trust_node(fv_graph *graph, const fv_rule *rule, const fv_hyper *hyper, fv_value *param, fv_value *grad,
                        fv_value *const slots[], fv_value *norm);

/* The arguments of both. */
typedef struct fv_update {
    const fv_rule *rule;
    fv_hyper hyper;
    bool clipped, trusted; /* these sums of squares are given */
} fv_update;

double fv_clip_factor(const fv_hyper *hyper, double squares);
double fv_clipped_number(const fv_hyper *hyper, double clip, double gradient);
/* Reads n numbers of the gradient from `at` on and clips them; returns the sum of their squares before. */
double fv_clipped_gradient(const fv_step *step, size_t at, size_t n, float *gradient);

/* The mean gradient of a group of batches (env->group), of which `grad` is one's; sum: a leaf of the parameter's shape. */
fv_value *fv_accumulate_node(fv_graph *graph, fv_value *param, fv_value *grad, fv_value *sum);

/* The scalar sum of squares of any number of gradients. */
fv_value *fv_grad_norm_node(fv_graph *graph, fv_value *const grads[], int count);

/* What both nodes' kernels read: elements [begin, begin + count) of a gradient, its parts added up in order. */
void fv_read_gradient(const fv_step *step, int input, size_t begin, size_t count, float *gradient);
enum { FV_UPDATE_CHUNK = 2048 }; /* floats worked on at once, so that they stay in the first cache */

/* The elements of an input in its layout, and a thread's share of them: multiples of 16, cut only by the end. */
void fv_share_elements(const fv_step *step, int input, int thread, int nthreads, size_t *begin, size_t *end);

#endif
