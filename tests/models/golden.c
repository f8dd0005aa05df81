#include "models/golden.h"

#include "core/memory.h"
#include "fovea/train.h"
#include "models/formula.h"
#include "support/unit.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const golden goldens[] = {
#include "golden/networks.inc"
};
const int n_goldens = FV_COUNT(goldens);

const golden *golden_of(const char *name) {
    for (int i = 0; i < n_goldens; i++)
        if (strcmp(goldens[i].name, name) == 0) return &goldens[i];
    return NULL;
}

/* ---- Its networks ---------------------------------------------------------------------------------------------------- */

fv_model *golden_hollow(const char *name, int classes, int side) {
    fv_arch arch = {.classes = classes, .input = {0, side, side}, .init.kind = FV_INIT_ZERO, .dropout = FV_ZERO};
    fv_model *model = fv_network(name, &arch);
    if (!model) fail_msg("%s: %s", name, fv_error());
    return model;
}

fv_model *golden_small(const golden *g) {
    fv_model *model = golden_hollow(g->name, GOLDEN_CLASSES, g->side);
    formula_fill(model);
    return model;
}

float *golden_images(const fv_model *model) {
    size_t count = GOLDEN_BATCH * fv_shape_count(&model->graph->input->shape);
    float *x = fv_alloc(count, sizeof(float));
    assert_non_null(x);
    formula_uniform("images", count, x);
    return x;
}

/* ---- Comparing -------------------------------------------------------------------------------------------------------- */

static const double limit = 2e-5; /* relative, of logits and losses, whatever the algorithm */

/* max|a-b| / max|b| */
static double distance(const float is[], const double should[]) {
    double far = 0, largest = 0;
    for (int i = 0; i < GOLDEN_LOGITS; i++) {
        far = fmax(far, fabs((double)is[i] - should[i]));
        largest = fmax(largest, fabs(should[i]));
    }
    return far / largest;
}

static void same_at_inference(const golden *g, fv_model *model, const float *x) {
    float logits[GOLDEN_LOGITS];
    fv_predictor *predictor = fv_predictor_new(model, .batch_size = GOLDEN_BATCH, .threads = 1);
    if (fv_forward(predictor, x, GOLDEN_BATCH, logits)) fail_msg("%s: %s", g->name, fv_error());
    double far = distance(logits, g->inference);
    if (!(far <= limit)) fail_msg("%s: logits at inference differ by %.2g of the largest", g->name, far);
    fv_predictor_free(predictor);
}

static golden_gradient gradient_in(const fv_param *velocity) {
    size_t count = fv_shape_count(&velocity->info.shape);
    float *values = fv_alloc(count, sizeof(float)), *direction = fv_alloc(count, sizeof(float));
    golden_gradient is = {0};
    if (!values || !direction) fail_msg("%s", fv_error());
    assert_int_equal(fv_param_read(velocity, values), FV_OK);
    formula_uniform("direction", count, direction);
    for (size_t i = 0; i < count; i++) {
        is.length += (double)values[i] * (double)values[i];
        is.along += (double)values[i] * (double)direction[i];
    }
    fv_free(values);
    fv_free(direction);
    is.length = sqrt(is.length);
    return is;
}

/* The velocities after one step are the gradients. Where a value lies so near to the corner of a ReLU or to its neighbour in a
 * max pool that rounding decides, its whole gradient goes elsewhere: some 5e-2 of a layer's, which turns it, and hardly
 * changes its length. Measured along the direction: 2.1e-2 at most with AVX-512, in all 42 networks, and with AVX2 in all but
 * vgg19_bn, which has the layers of vgg16_bn: 6.1e-2. */
static void same_gradients(const golden *g, const fv_trainer *trainer) {
    double largest = 0;
    for (int i = 0; i < trainer->n_slots; i++) largest = fmax(largest, g->gradients[i].length);
    for (int i = 0; i < trainer->n_slots; i++) {
        golden_gradient is = gradient_in(&trainer->slots[i]), should = g->gradients[i];
        double length = fabs(is.length - should.length), along = fabs(is.along - should.along), least = 1e-5 * largest;
        if (!(length <= 1e-2 * should.length + least && along <= 1e-1 * should.length + least))
            fail_msg("%s: %s of length %.6g, %.6g along the direction; torchvision's %.6g, %.6g", g->name,
                     trainer->slots[i].name, is.length, is.along, should.length, should.along);
    }
}

static void same_in_training(const golden *g, fv_model *model, const float *x) {
    static const int labels[GOLDEN_BATCH] = {0, 1, 2, 3};
    float loss;
    fv_trainer *trainer =
        fv_trainer_new(model, .optimizer = fv_momentum(.momentum = 0.9f), .batch_size = GOLDEN_BATCH, .threads = 1);
    if (fv_trainer_step(trainer, x, labels, GOLDEN_BATCH, FV_ZERO, &loss)) fail_msg("%s: %s", g->name, fv_error());
    double far = distance(fv_trainer_logits(trainer), g->training);
    if (!(far <= limit)) fail_msg("%s: logits in training differ by %.2g of the largest", g->name, far);
    if (!(fabs((double)loss - g->loss) <= limit * g->loss))
        fail_msg("%s: a loss of %.7g, torchvision's %.7g", g->name, (double)loss, g->loss);
    same_gradients(g, trainer);
    fv_trainer_free(trainer);
}

static void compare(void **state) {
    const golden *g = *state;
    fv_model *model = golden_small(g);
    float *x = golden_images(model);
    same_at_inference(g, model, x);
    same_in_training(g, model, x);
    fv_free(x);
    fv_model_free(model);
}

int golden_run(const char *group, size_t most) {
    struct CMUnitTest tests[FV_COUNT(goldens)];
    size_t n = 0;
    for (const golden *g = goldens; g < goldens + n_goldens; g++)
        if (g->parameters <= most || getenv("FOVEA_TEST_FULL"))
            tests[n++] =
                (struct CMUnitTest){.name = g->name, .test_func = compare, .initial_state = (void *)(uintptr_t)g};
    return _cmocka_run_group_tests(group, tests, n, NULL, NULL);
}
