/* LAMB (You et al. 2020, algorithm 2): t = step + 1, m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
 *   u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay p, p -= lr |p| / |u| u,
 * norms being the whole parameter's. A parameter that is left out of decay is left out of the norms too (p -= lr u), and so
 * is one whose norms are 0. */
#include "optim/adam.h"

#include <string.h>

static void direction(const float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, uint64_t step,
                      float *u) {
    const fv_adam_terms terms = fv_adam_terms_at(h, 1, step);
    memset(u, 0, n * sizeof *u);
    fv_simd_pick()->adam_update(n, &terms, g, u, slots[0], slots[1]);
    for (size_t i = 0; i < n; i++) u[i] = h->weight_decay * p[i] - u[i];
}

static double trust(const fv_hyper *h, double param_norm, double direction_norm) {
    (void)h;
    return param_norm > 0 && direction_norm > 0 ? param_norm / direction_norm : 1;
}

static void run(float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, float lr, uint64_t step) {
    float u[FV_UPDATE_CHUNK];
    direction(p, g, slots, n, h, step, u);
    for (size_t i = 0; i < n; i++) p[i] -= lr * u[i];
}

const fv_optim fv_lamb_optim = {
    .kind = FV_LAMB,
    .rule = {.name = "lamb",
             .n_slots = 2,
             .slot_names = {"exp_avg", "exp_avg_sq"},
             .decoupled = true,
             .direction = direction,
             .trust = trust,
             .run = run},
    .standard = {.lr = 0.001f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-6f, .weight_decay = 0.01f},
};
