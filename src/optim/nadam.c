/* NAdam (Dozat 2016), in PyTorch 2's form: t = step + 1, mu_t = beta1 (1 - 0.96^(momentum_decay t) / 2), M_t = mu_1 ... mu_t,
 *   m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
 *   p -= lr (mu_(t+1) m / (1 - M_(t+1)) + (1 - mu_t) g / (1 - M_t)) / (sqrt(v / (1 - beta2^t)) + epsilon). */
#include "optim/adam.h"

#include <float.h>
#include <math.h>

/* mu_t and 1 - M_t; a product too small to be seen in the difference is not followed. */
static void momentum_at(const fv_hyper *h, double t, double *mu, double *rest) {
    const double fade = pow(0.96, (double)h->momentum_decay);
    double product = 1, power = fade;
    for (double i = 1; i <= t && product > DBL_EPSILON / 2; i++, power *= fade) product *= h->beta1 * (1 - power / 2);
    *mu = h->beta1 * (1 - pow(fade, t) / 2);
    *rest = 1 - product;
}

static void run(float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, float lr, uint64_t step) {
    const double t = (double)step + 1;
    double mu, rest, next_mu, next_rest;
    momentum_at(h, t, &mu, &rest);
    momentum_at(h, t + 1, &next_mu, &next_rest);
    fv_adam_terms terms = fv_adam_terms_at(h, lr, step);
    terms.rate = (float)(lr * next_mu / next_rest);
    terms.gradient_rate = (float)(lr * (1 - mu) / rest);
    fv_simd_pick()->adam_update(n, &terms, g, p, slots[0], slots[1]);
}

const fv_optim fv_nadam_optim = {
    .kind = FV_NADAM,
    .rule = {.name = "nadam", .n_slots = 2, .slot_names = {"exp_avg", "exp_avg_sq"}, .run = run},
    .standard = {.lr = 0.002f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f, .momentum_decay = 0.004f},
};
