/* Adadelta (Zeiler 2012, algorithm 1): v = rho v + (1 - rho) g^2, x = sqrt(d + epsilon) / sqrt(v + epsilon) g,
 * d = rho d + (1 - rho) x^2, p -= lr x. */
#include "kernels/cpu.h"
#include "optim/optim.h"

static void run(float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, float lr, uint64_t step) {
    (void)step;
    const fv_rmsprop_terms terms = {
        .rho = h->rho, .one_less_rho = (float)(1 - (double)h->rho), .epsilon = h->epsilon, .rate = lr};
    fv_simd_pick()->adadelta_update(n, &terms, g, p, slots[0], slots[1]);
}

const fv_optim fv_adadelta_optim = {
    .kind = FV_ADADELTA,
    .rule = {.name = "adadelta", .n_slots = 2, .slot_names = {"square_avg", "acc_delta"}, .run = run},
    .standard = {.lr = 1, .rho = 0.9f, .epsilon = 1e-6f},
};
