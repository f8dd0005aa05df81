/* Adagrad (Duchi, Hazan and Singer 2011), in PyTorch's form: v += g^2, p -= lr g / (sqrt(v) + epsilon). */
#include "kernels/cpu.h"
#include "optim/optim.h"

static void run(float *p, const float *g, float *const slots[], size_t n, const fv_hyper *h, float lr, uint64_t step) {
    (void)step;
    fv_simd_pick()->adagrad_update(n, lr, h->epsilon, g, p, slots[0]);
}

const fv_optim fv_adagrad_optim = {
    .kind = FV_ADAGRAD,
    .rule = {.name = "adagrad", .n_slots = 1, .slot_names = {"sum"}, .run = run},
    .standard = {.lr = 0.01f, .epsilon = 1e-10f},
};
