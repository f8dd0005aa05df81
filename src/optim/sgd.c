/* Stochastic gradient descent (Robbins and Monro 1951): p -= lr g. */
#include "optim/optim.h"

static void run(float *restrict p, const float *restrict g, float *const slots[], size_t n, const fv_hyper *h, float lr,
                uint64_t step) {
    (void)slots, (void)h, (void)step;
    for (size_t i = 0; i < n; i++) p[i] -= lr * g[i];
}

const fv_optim fv_sgd_optim = {
    .kind = FV_SGD,
    .rule = {.name = "sgd", .run = run},
    .standard = {.lr = 0.01f},
};
