/* The book's last programme: ResNet-50 from scratch on CIFAR-10, raw pixels: cifar10_resnet50 [DIR] */
#include <fovea/fovea.h>
#include <stdio.h>

int main(int argc, char **argv) {
    const char *dir = argc > 1 ? argv[1] : "data/cifar10";
    fv_model *net = fv_resnet50(.classes = 10, .input = {3, 32, 32});
    fv_dataset *train = fv_cifar10(dir, .split = FV_TRAIN), *test = fv_cifar10(dir, .split = FV_TEST);
    fv_preprocess raw = {.std = FV_RAW_STD}; /* 0..255 */
    fv_evaluation result;

    fv_status err = fv_fit(net, train, test, .loss = fv_cross_entropy(), .epochs = 50, .batch_size = 64, .workers = 8,
                           .optimizer = fv_momentum(.lr = 0.01f, .momentum = 0.9f, .weight_decay = 1e-4f),
                           .preprocess = &raw, .topk = {1, 5}, .save_dir = "output");
    if (!err) err = fv_evaluate(net, test, &result, .topk = {1, 5});
    if (err) fprintf(stderr, "%s\n", fv_error());
    if (!err) printf("test: top-1 %.4f, top-5 %.4f\n", result.top1, result.top5);
    fv_dataset_free(test), fv_dataset_free(train), fv_model_free(net);
    return err != FV_OK;
}
