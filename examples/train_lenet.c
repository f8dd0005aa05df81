/* Trains the book's LeNet on drawn retinas, measures it on pictures it has not seen, and saves it. */
#include <fovea/fovea.h>
#include <stdio.h>

static fv_status tell(void *user, const fv_epoch_report *r) {
    (void)user;
    printf("epoch %d: loss %.3f, validation top-1 %.3f\n", r->epoch, r->loss, r->val_top1);
    return FV_OK;
}

int main(int argc, char **argv) {
    fv_model *net = fv_lenet(.classes = 2, .input = {3, 64, 64});
    fv_dataset *train = fv_fundus(.split = FV_TRAIN, .count = 400);
    fv_dataset *val = fv_fundus(.split = FV_VAL, .count = 100);
    fv_dataset *test = fv_fundus(.split = FV_TEST, .count = 100);
    fv_evaluation result;

    fv_status err = fv_fit(net, train, val, .optimizer = fv_adam(.lr = 2e-3f), .schedule = fv_cosine(.warmup = 10),
                           .epochs = 3, .batch_size = 32, .callback = {.on_epoch = tell});
    if (!err) err = fv_evaluate(net, test, &result);
    if (!err && argc > 1) err = fv_model_save(net, argv[1]);
    if (err)
        fprintf(stderr, "%s\n", fv_error());
    else
        printf("%zu test pictures: top-1 %.3f\n", result.n, result.top1);

    fv_dataset_free(train);
    fv_dataset_free(val);
    fv_dataset_free(test);
    fv_model_free(net);
    return err != FV_OK;
}
