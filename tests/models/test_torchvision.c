/* The networks against torchvision's: names, shapes, parameters and MACs; logits, the loss and gradients; the losses of ten
 * training steps. */
#include "core/memory.h"
#include "fovea/train.h"
#include "models/golden.h"
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STEPS = 10 };

/* ---- Names, shapes, counts ------------------------------------------------------------------------------------------ */

static uint64_t digest_text(uint64_t hash, const char *text) {
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}

static uint64_t digest(const fv_model *model) {
    uint64_t hash = 0xcbf29ce484222325u;
    fv_parameter_info info;
    char number[16];
    for (int i = 0; fv_model_parameter(model, i, &info); i++) {
        hash = digest_text(hash, info.name);
        for (int d = 0; d < info.rank; d++) {
            snprintf(number, sizeof number, " %d", info.dims[d]);
            hash = digest_text(hash, number);
        }
        hash = digest_text(hash, "\n");
    }
    return hash;
}

static void names_and_counts(void **state) {
    (void)state;
    for (const golden *g = goldens; g < goldens + n_goldens; g++) {
        fv_model *model = golden_hollow(g->name, 0, 0);
        assert_int_equal(fv_model_parameters(model), g->parameters);
        assert_int_equal(fv_model_macs(model), g->macs);
        assert_int_equal(model->n_params, g->entries);
        if (digest(model) != g->digest)
            fail_msg("%s: names or shapes differ: make_networks.py --list %s has torchvision's", g->name, g->name);
        fv_model_free(model);
    }
}

/* Every network is compared, but for those that are another's by name. */
static void none_is_left_out(void **state) {
    (void)state;
    fv_network_info info;
    for (int i = 0; fv_network_at(i, &info); i++)
        if (!golden_of(info.name) && strcmp(info.name, "resnet") != 0) fail_msg("%s has no numbers", info.name);
}

/* What the book says of its own, for one class. */
static void the_books_counts(void **state) {
    (void)state;
    fv_model *vgg = golden_hollow("vgg16", 1, 0),
             *googlenet = golden_hollow("googlenet:stem_stride=1,no_aux=1,dropout=0", 1, 0);
    fv_model *alexnet = golden_hollow("alexnet", 1, 0);
    assert_int_equal(fv_model_parameters(alexnet), 71916929);
    assert_int_equal(fv_model_parameters(vgg), 134264641);
    assert_int_equal(fv_model_parameters(googlenet), 5974577);
    assert_int_equal(fv_model_macs(googlenet), 6326592512);
    fv_model_free(alexnet);
    fv_model_free(vgg);
    fv_model_free(googlenet);
}

/* ---- Losses ---------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    float lr;
    double losses[STEPS];
} trainings[] = {
#include "golden/losses.inc"
};

static void same_losses(const char *name, float lr, const double expected[]) {
    static const int labels[GOLDEN_BATCH] = {0, 1, 2, 3};
    fv_model *model = golden_small(golden_of(name));
    float *x = golden_images(model);
    fv_trainer *trainer = fv_trainer_new(model, .optimizer = fv_momentum(.lr = lr, .momentum = 0.9f),
                                         .batch_size = GOLDEN_BATCH, .threads = 2);
    if (!trainer) fail_msg("%s: %s", name, fv_error());
    for (int i = 0; i < STEPS; i++) {
        float loss = 0;
        if (fv_trainer_step(trainer, x, labels, GOLDEN_BATCH, 0, &loss)) fail_msg("%s: %s", name, fv_error());
        if (!(fabs((double)loss - expected[i]) <= 1e-3 * expected[i]))
            fail_msg("%s, step %d: loss %.7g, torchvision's %.7g", name, i, (double)loss, expected[i]);
    }
    fv_trainer_free(trainer);
    fv_free(x);
    fv_model_free(model);
}

static void losses_of_training(void **state) {
    (void)state;
    for (int i = 0; i < FV_COUNT(trainings); i++) same_losses(trainings[i].name, trainings[i].lr, trainings[i].losses);
}

/* For peer_torchvision.py. */
static int exchange(const char *name, const char *folder) {
    char theirs[4096], ours[4096];
    snprintf(theirs, sizeof theirs, "%s/theirs.safetensors", folder);
    snprintf(ours, sizeof ours, "%s/ours.safetensors", folder);
    fv_model *model = fv_network(name, FV_ARCH(.init.kind = FV_INIT_ZERO));
    fv_status status = model ? fv_model_load_pretrained(model, theirs) : fv_last_status();
    if (status == FV_OK) status = fv_model_save(model, ours);
    if (status != FV_OK) fprintf(stderr, "%s: %s\n", name, fv_error());
    fv_model_free(model);
    return status != FV_OK;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--exchange") == 0) return exchange(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_counts),
        cmocka_unit_test(none_is_left_out),
        cmocka_unit_test(the_books_counts),
        cmocka_unit_test(losses_of_training),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return golden_run("logits, loss, gradients", SIZE_MAX) + failed;
}
