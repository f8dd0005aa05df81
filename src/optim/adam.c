/* Adam (Kingma and Ba 2015, algorithm 1): t = step + 1,
 *   m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
 *   p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon). */
#include "optim/optim.h"

#include <math.h>

static void run(float *restrict p, const float *restrict g, float *const slots[], size_t n, const fv_hyper *h, float lr,
                uint64_t step) {
    float *restrict m = slots[0], *restrict v = slots[1];
    const float b1 = h->beta1, b2 = h->beta2, c1 = (float)(1 - (double)b1), c2 = (float)(1 - (double)b2);
    const double t = (double)step + 1;
    const float rate = (float)(lr / (1 - pow(b1, t))), scale = (float)sqrt(1 / (1 - pow(b2, t))), epsilon = h->epsilon;
    for (size_t i = 0; i < n; i++) {
        m[i] = b1 * m[i] + c1 * g[i];
        v[i] = b2 * v[i] + c2 * g[i] * g[i];
        p[i] -= rate * m[i] / (sqrtf(v[i]) * scale + epsilon);
    }
}

const fv_optim fv_adam_optim = {
    .kind = FV_ADAM,
    .rule = {.name = "adam", .n_slots = 2, .slot_names = {"exp_avg", "exp_avg_sq"}, .run = run},
    .standard = {.lr = 0.001f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f},
};
