/* RAdam (Liu et al. 2020, algorithm 2), in PyTorch's form: Adam with the rate rectified by what is known of the variance
 * of v; while that is nothing, p -= lr m / (1 - beta1^t).
 * t = step + 1, r = rho_inf = 2 / (1 - beta2) - 1, rho = r - 2 t beta2^t / (1 - beta2^t), where rho > 5 times
 * sqrt((rho - 4) (rho - 2) r / ((r - 4) (r - 2) rho)) sqrt(1 - beta2^t) / (sqrt(v) + epsilon). */
#include "optim/adam.h"

#include <math.h>

static void run(float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, float lr, uint64_t step) {
    const double t = (double)step + 1, beta2_t = pow(h->beta2, t), rate = lr / (1 - pow(h->beta1, t));
    const double r = 2 / (1 - (double)h->beta2) - 1, rho = r - 2 * t * beta2_t / (1 - beta2_t);
    const bool known = rho > 5;
    const double rectified = known ? sqrt((rho - 4) * (rho - 2) * r / ((r - 4) * (r - 2) * rho) * (1 - beta2_t)) : 1;
    fv_adam_terms terms = fv_adam_terms_at(h, lr, step);
    terms.rate = (float)(rate * rectified);
    terms.scale = known;
    terms.epsilon = known ? h->epsilon : 1;
    fv_simd_pick()->adam_update(n, &terms, g, p, slots[0], slots[1]);
}

const fv_optim fv_radam_optim = {
    .kind = FV_RADAM,
    .rule = {.name = "radam", .n_slots = 2, .slot_names = {"exp_avg", "exp_avg_sq"}, .run = run},
    .standard = {.lr = 0.001f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f},
};
