/* LARS (You, Gitman and Ginsburg 2017, algorithm 1): v = momentum v + lr r (g + weight_decay p), p -= v, where
 * r = trust |p| / (|g| + weight_decay |p|), norms being the whole parameter's. A parameter that is left out of decay is left
 * out of this too (r = 1), and so is one whose norms are 0. */
#include "optim/optim.h"

#include <string.h>

static void direction(const float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, uint64_t step,
                      float *u) {
    (void)p, (void)slots, (void)h, (void)step;
    memcpy(u, g, n * sizeof *u);
}

static double trust(const fv_hyper *h, double param_norm, double gradient_norm) {
    double below = gradient_norm + (double)h->weight_decay * param_norm;
    return param_norm > 0 && below > 0 ? (double)h->trust * param_norm / below : 1;
}

static void run(float *restrict p, const float *restrict g, float *const slots[], size_t n, const fv_hyper *h, float lr,
                uint64_t step) {
    (void)step;
    float *restrict v = slots[0];
    for (size_t i = 0; i < n; i++) {
        v[i] = h->momentum * v[i] + lr * g[i];
        p[i] -= v[i];
    }
}

const fv_optim fv_lars_optim = {
    .kind = FV_LARS,
    .rule =
        {.name = "lars", .n_slots = 1, .slot_names = {"velocity"}, .direction = direction, .trust = trust, .run = run},
    .standard = {.lr = 0.1f, .momentum = 0.9f, .trust = 0.001f},
};
