/* RMSProp (Hinton 2012, lecture 6e; centered: Graves 2013, eq. 38-45), in PyTorch's form: v = rho v + (1 - rho) g^2,
 * x = g / (sqrt(v) + epsilon), or with centered g / (sqrt(v - mean^2) + epsilon), where mean = rho mean + (1 - rho) g;
 * p -= lr x, or with momentum b = momentum b + x, p -= lr b. */
#include "kernels/cpu.h"
#include "optim/optim.h"

/* A slot that is not needed for itself is needed for its place. */
static int slots_for(const fv_hyper *h) { return h->centered ? 3 : h->momentum > 0 ? 2 : 1; }

static void run(float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, float lr, uint64_t step) {
    (void)step;
    const fv_rmsprop_terms terms = {.rho = h->rho,
                                    .one_less_rho = (float)(1 - (double)h->rho),
                                    .epsilon = h->epsilon,
                                    .momentum = h->momentum,
                                    .rate = lr};
    fv_simd_pick()->rmsprop_update(n, &terms, g, p, slots[0], h->momentum > 0 ? slots[1] : NULL,
                                   h->centered ? slots[2] : NULL);
}

const fv_optim fv_rmsprop_optim = {
    .kind = FV_RMSPROP,
    .rule = {.name = "rmsprop",
             .n_slots = 3,
             .slots_for = slots_for,
             .slot_names = {"square_avg", "momentum_buffer", "grad_avg"},
             .run = run},
    .standard = {.lr = 0.01f, .momentum = FV_ZERO, .rho = 0.99f, .centered = true, .epsilon = 1e-8f},
};
