/* Adamax (Kingma and Ba 2015, algorithm 2), in PyTorch's form: t = step + 1, m = beta1 m + (1 - beta1) g,
 * u = max(beta2 u, |g| + epsilon), p -= lr / (1 - beta1^t) m / u. */
#include "kernels/cpu.h"
#include "optim/optim.h"

#include <math.h>

static void run(float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, float lr, uint64_t step) {
    const fv_adam_terms terms = {
        .beta1 = h->beta1,
        .one_less_beta1 = (float)(1 - (double)h->beta1),
        .beta2 = h->beta2,
        .one_less_beta2 = (float)(1 - (double)h->beta2),
        .rate = (float)(lr / (1 - pow(h->beta1, (double)step + 1))),
        .epsilon = h->epsilon,
    };
    fv_simd_pick()->adamax_update(n, &terms, g, p, slots[0], slots[1]);
}

const fv_optim fv_adamax_optim = {
    .kind = FV_ADAMAX,
    .rule = {.name = "adamax", .n_slots = 2, .slot_names = {"exp_avg", "exp_inf"}, .run = run},
    .standard = {.lr = 0.002f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f},
};
