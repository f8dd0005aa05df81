/* AdamW (Loshchilov and Hutter 2019): p -= lr weight_decay p, then Adam's step. */
#include "optim/optim.h"

static void run(float *restrict p, const float *restrict g, float *const slots[], size_t n, const fv_hyper *h, float lr,
                uint64_t step) {
    const float keep = (float)(1 - (double)lr * h->weight_decay);
    for (size_t i = 0; i < n; i++) p[i] *= keep;
    fv_adam_optim.rule.run(p, g, slots, n, h, lr, step);
}

const fv_optim fv_adamw_optim = {
    .kind = FV_ADAMW,
    .rule = {.name = "adamw", .n_slots = 2, .slot_names = {"exp_avg", "exp_avg_sq"}, .decoupled = true, .run = run},
    .standard = {.lr = 0.001f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f, .weight_decay = 0.01f},
};
