/* What Adam and its like have in common. */
#ifndef OPTIM_ADAM_H
#define OPTIM_ADAM_H

#include "kernels/cpu.h"
#include "optim/optim.h"

#include <math.h>

/* Adam's terms in step t = step + 1: the moments' decay, rate = lr / (1 - beta1^t), scale = sqrt(1 / (1 - beta2^t)). */
static inline fv_adam_terms fv_adam_terms_at(const fv_hyper *h, double lr, uint64_t step) {
    const double t = (double)step + 1;
    return (fv_adam_terms){
        .beta1 = h->beta1,
        .one_less_beta1 = (float)(1 - (double)h->beta1),
        .beta2 = h->beta2,
        .one_less_beta2 = (float)(1 - (double)h->beta2),
        .rate = (float)(lr / (1 - pow(h->beta1, t))),
        .scale = (float)sqrt(1 / (1 - pow(h->beta2, t))),
        .epsilon = h->epsilon,
    };
}

#endif
