/* The networks against torchvision's (golden/make_networks.py): names, shapes, parameters and MACs; logits at inference; the
 * losses of ten training steps. Weights come from one formula on both sides. */
#include "core/memory.h"
#include "fovea/train.h"
#include "models/formula.h"
#include "support/unit.h"

#include <math.h>
#include <stdio.h>

enum { CLASSES = 10, SIDE = 64, BATCH = 4, STEPS = 10 };

/* A network that is built from shapes alone: all weights zero, in memory that is never touched. */
static fv_model *hollow(const char *name, int classes, int side) {
    fv_arch arch = {.classes = classes, .input = {0, side, side}, .init.kind = FV_INIT_ZERO, .dropout = FV_ZERO};
    fv_model *model = fv_network(name, &arch);
    if (!model) fail_msg("%s: %s", name, fv_error());
    return model;
}

/* ---- Names, shapes, counts ------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    size_t parameters, macs;
    int entries;
    uint64_t digest; /* FNV-1a of "NAME DIM DIM ...\n" for each, in order */
} networks[] = {
#include "golden/networks.inc"
};

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
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        fv_model *model = hollow(networks[i].name, 0, 0);
        assert_int_equal(fv_model_parameters(model), networks[i].parameters);
        assert_int_equal(fv_model_macs(model), networks[i].macs);
        assert_int_equal(model->n_params, networks[i].entries);
        if (digest(model) != networks[i].digest)
            fail_msg("%s: names or shapes differ: make_networks.py --list %s has torchvision's", networks[i].name,
                     networks[i].name);
        fv_model_free(model);
    }
}

/* What the book says of its own, for one class. */
static void the_books_counts(void **state) {
    (void)state;
    fv_model *vgg = hollow("vgg16", 1, 0), *googlenet = hollow("googlenet:stem_stride=1,no_aux=1,dropout=0", 1, 0);
    fv_model *alexnet = hollow("alexnet", 1, 0);
    assert_int_equal(fv_model_parameters(alexnet), 71916929);
    assert_int_equal(fv_model_parameters(vgg), 134264641);
    assert_int_equal(fv_model_parameters(googlenet), 5974577);
    assert_int_equal(fv_model_macs(googlenet), 6326592512);
    fv_model_free(alexnet);
    fv_model_free(vgg);
    fv_model_free(googlenet);
}

/* ---- Logits ---------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    double logits[BATCH * CLASSES];
} inferences[] = {
#include "golden/logits.inc"
};

static float *make_images(void) {
    size_t count = (size_t)BATCH * 3 * SIDE * SIDE;
    float *x = fv_alloc(count, sizeof(float));
    assert_non_null(x);
    formula_uniform("input", count, x);
    return x;
}

static void same_logits(const char *name, const double expected[], const float *x) {
    float logits[BATCH * CLASSES];
    double far = 0, largest = 0;
    fv_model *model = hollow(name, CLASSES, SIDE);
    formula_fill(model);
    fv_predictor *predictor = fv_predictor_new(model, .batch_size = BATCH, .threads = 2);
    if (fv_forward(predictor, x, BATCH, logits)) fail_msg("%s: %s", name, fv_error());
    for (int i = 0; i < BATCH * CLASSES; i++) {
        far = fmax(far, fabs(logits[i] - expected[i]));
        largest = fmax(largest, fabs(expected[i]));
    }
    if (!(far <= 1e-5 * largest)) fail_msg("%s: logits differ by %.2g of the largest", name, far / largest);
    fv_predictor_free(predictor);
    fv_model_free(model);
}

static void logits_at_inference(void **state) {
    (void)state;
    float *x = make_images();
    for (size_t i = 0; i < sizeof inferences / sizeof *inferences; i++)
        same_logits(inferences[i].name, inferences[i].logits, x);
    fv_free(x);
}

/* ---- Losses ---------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    float lr;
    double losses[STEPS];
} trainings[] = {
#include "golden/losses.inc"
};

static void same_losses(const char *name, float lr, const double expected[], const float *x) {
    static const int labels[BATCH] = {0, 1, 2, 3};
    fv_model *model = hollow(name, CLASSES, SIDE);
    formula_fill(model);
    fv_trainer *trainer =
        fv_trainer_new(model, .optimizer = fv_momentum(.lr = lr, .momentum = 0.9f), .batch_size = BATCH, .threads = 2);
    if (!trainer) fail_msg("%s: %s", name, fv_error());
    for (int i = 0; i < STEPS; i++) {
        float loss = 0;
        if (fv_trainer_step(trainer, x, labels, BATCH, 0, &loss)) fail_msg("%s: %s", name, fv_error());
        /* Rounding alone differs in the first steps; later it makes GoogLeNet's max pools choose other pixels. */
        double tolerance = i < 5 ? 1e-5 : 3e-3;
        if (!(fabs(loss - expected[i]) <= tolerance * fmax(1, expected[i])))
            fail_msg("%s, step %d: loss %.7g, torchvision's %.7g", name, i, (double)loss, expected[i]);
    }
    fv_trainer_free(trainer);
    fv_model_free(model);
}

static void losses_of_training(void **state) {
    (void)state;
    float *x = make_images();
    for (size_t i = 0; i < sizeof trainings / sizeof *trainings; i++)
        same_losses(trainings[i].name, trainings[i].lr, trainings[i].losses, x);
    fv_free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_counts),
        cmocka_unit_test(the_books_counts),
        cmocka_unit_test(logits_at_inference),
        cmocka_unit_test(losses_of_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
