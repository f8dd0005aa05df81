/* A training loop of one's own: fv_trainer takes one step at a time, on data from anywhere. Here: is the square bright? */
#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 32, PIXELS = 28 * 28, STEPS = 200 };

static void make_batch(float *x, int *labels) {
    for (int n = 0; n < BATCH; n++) {
        labels[n] = rand() % 2;
        for (int i = 0; i < PIXELS; i++) x[n * PIXELS + i] = (float)rand() / (float)RAND_MAX + 0.5f * (float)labels[n];
    }
}

int main(void) {
    static float x[BATCH * PIXELS];
    int labels[BATCH];
    float loss = 0;
    fv_model *net = fv_lenet(.classes = 2);
    fv_trainer *trainer = fv_trainer_new(net, .optimizer = fv_adam(.lr = 1e-3f), .batch_size = BATCH);
    fv_status err = trainer ? FV_OK : FV_BAD_ARGUMENT;

    for (int step = 0; step < STEPS && !err; step++) {
        make_batch(x, labels);
        float lr = step < 20 ? 1e-3f * (float)(step + 1) / 20 : 0; /* a warm-up; 0: the optimizer's own rate */
        err = fv_trainer_step(trainer, x, labels, BATCH, lr, &loss);
        if (!err && step % 50 == 49) printf("step %3d: loss %.4f\n", step + 1, (double)loss);
    }
    if (err) fprintf(stderr, "%s\n", fv_error());
    fv_trainer_free(trainer);
    fv_model_free(net);
    return err != FV_OK || loss > 0.1f;
}
