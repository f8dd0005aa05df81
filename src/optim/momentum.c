/* Momentum (Polyak 1964), and Nesterov's (as Sutskever et al. 2013), in PyTorch's and PaddlePaddle's form:
 * v = momentum v + g; p -= lr v, or lr (g + momentum v). */
#include "optim/optim.h"

static void run(float *restrict p, const float *restrict g, float *const slots[], size_t n, const fv_hyper *h, float lr,
                uint64_t step) {
    (void)step;
    float *restrict v = slots[0];
    const float mu = h->momentum;
    for (size_t i = 0; i < n; i++) v[i] = mu * v[i] + g[i];
    if (h->nesterov)
        for (size_t i = 0; i < n; i++) p[i] -= lr * (g[i] + mu * v[i]);
    else
        for (size_t i = 0; i < n; i++) p[i] -= lr * v[i];
}

const fv_optim fv_momentum_optim = {
    .kind = FV_MOMENTUM,
    .rule = {.name = "momentum", .n_slots = 1, .slot_names = {"velocity"}, .run = run},
    .standard = {.lr = 0.01f, .momentum = 0.9f, .nesterov = true},
};
