/* Adam (Kingma and Ba 2015, algorithm 1): t = step + 1,
 *   m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
 *   p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon). */
#include "optim/adam.h"

static void run(float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, float lr, uint64_t step) {
    const fv_adam_terms terms = fv_adam_terms_at(h, lr, step);
    fv_simd_pick()->adam_update(n, &terms, g, p, slots[0], slots[1]);
}

const fv_optim fv_adam_optim = {
    .kind = FV_ADAM,
    .rule = {.name = "adam", .n_slots = 2, .slot_names = {"exp_avg", "exp_avg_sq"}, .run = run},
    .standard = {.lr = 0.001f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f},
};
