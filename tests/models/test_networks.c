/* What holds for every network of models.def: fast kernels throughout, any size and number of classes, finite gradients;
 * and what options do. */
#include "core/memory.h"
#include "core/random.h"
#include "engine/model.h"
#include "fovea/train.h"
#include "models/kernels.h"
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static fv_model *build(const char *name, const fv_arch *arch) {
    fv_model *model = fv_network(name, arch);
    if (!model) fail_msg("%s: %s", name, fv_error());
    return model;
}

/* ---- Any shape --------------------------------------------------------------------------------------------------------- */

static float *make_images(const fv_model *model, int n) {
    int c, h, w;
    fv_model_input(model, &c, &h, &w);
    size_t count = (size_t)n * (size_t)c * (size_t)h * (size_t)w;
    float *x = fv_alloc(count, sizeof(float));
    assert_non_null(x);
    fv_random random = fv_random_stream(5, 0, 0);
    for (size_t i = 0; i < count; i++) x[i] = 2 * fv_random_float(&random) - 1;
    return x;
}

/* The update refuses a gradient that is not finite. */
static void odd_size_trains(const fv_network_info *info, int side) {
    enum { N = 3 };
    fv_arch arch = {
        .classes = 7, .input = {info->input[0] == 1 ? 3 : 1, side, side + 2}, .init.kind = FV_INIT_KAIMING_UNIFORM};
    fv_model *model = build(info->name, &arch);
    assert_int_equal(fv_model_classes(model), 7);
    float *x = make_images(model, N), loss = 0;
    fv_trainer *trainer = fv_trainer_new(model, .optimizer = fv_sgd(.lr = 1e-3f), .batch_size = N, .threads = 1);
    if (fv_trainer_step(trainer, x, (const int[N]){6, 0, 3}, N, 0, &loss)) fail_msg("%s: %s", info->name, fv_error());
    assert_true(loss > 0);
    fv_trainer_free(trainer);
    fv_free(x);
    fv_model_free(model);
}

static void every_network_takes_an_odd_size(void **state) {
    (void)state;
    fv_network_info info;
    for (int i = 0; fv_network_at(i, &info); i++) {
        bool owt = strcmp(info.name, "alexnet_owt") == 0; /* 63: the least that its three pools leave a pixel of */
        odd_size_trains(&info, info.input[1] <= 64 ? info.input[1] + 1 : owt ? 63 : 45);
    }
}

/* ---- Blocks and weights ------------------------------------------------------------------------------------------------- */

static void first_logits(const char *name, const float *x, float *logits) {
    fv_model *model = build(name, &(fv_arch){.classes = 5, .input = {3, 64, 64}, .seed = 3});
    fv_predictor *predictor = fv_predictor_new(model, .threads = 1);
    if (fv_forward(predictor, x, 1, logits)) fail_msg("%s: %s", name, fv_error());
    fv_predictor_free(predictor);
    fv_model_free(model);
}

/* Parameters are initialised by their names, so what two depths share is the same in both; the blocks that only the deeper
 * one has pass their input on while their branches are nothing. */
static void same_at_both_depths(const char *shallow, const char *deep) {
    float x[3 * 64 * 64], a[5], b[5];
    fv_random random = fv_random_stream(6, 0, 0);
    for (int i = 0; i < 3 * 64 * 64; i++) x[i] = 2 * fv_random_float(&random) - 1;
    first_logits(shallow, x, a);
    first_logits(deep, x, b);
    for (int i = 0; i < 5; i++) assert_float_equal(a[i], b[i], 1e-5f);
    assert_true(a[0] != a[1]);
}

static void zero_branches_are_the_identity(void **state) {
    (void)state;
    same_at_both_depths("resnet18:zero_init_residual=1", "resnet34:zero_init_residual=1");
    same_at_both_depths("resnet50:zero_init_residual=1", "resnet101:zero_init_residual=1");
    same_at_both_depths("resnet20:zero_init_residual=1", "resnet56:zero_init_residual=1");
}

/* Uniform within 1/sqrt(2048), as the book has it. */
static void the_head_of_resnet(void **state) {
    (void)state;
    enum { COUNT = 7 * 2048 };
    static float w[COUNT];
    float bias[7], bound = 1 / sqrtf(2048), most = 0, sum = 0;
    fv_model *model = build("resnet50", &(fv_arch){.classes = 7, .input = {3, 32, 32}});
    assert_int_equal(fv_model_get(model, "fc.weight", w, COUNT), FV_OK);
    assert_int_equal(fv_model_get(model, "fc.bias", bias, 7), FV_OK);
    for (int i = 0; i < COUNT; i++) {
        most = fmaxf(most, fabsf(w[i]));
        sum += w[i] * w[i];
    }
    assert_true(most <= bound && most > 0.999f * bound);
    assert_float_equal(sum / COUNT, bound * bound / 3, 0.03f * bound * bound);
    for (int i = 0; i < 7; i++) assert_float_equal(bias[i], 0, 0);
    fv_model_free(model);
}

/* Layers that read `inputs` others, all of them above. */
static int layers_with_inputs(const fv_model *model, int inputs) {
    fv_layer_info layer;
    int count = 0, from;
    for (int i = 0; fv_model_layer(model, i, &layer); i++) {
        int n = 0;
        while ((from = fv_model_layer_input(model, i, n)) >= 0) {
            assert_true(from < i);
            n++;
        }
        assert_int_equal(fv_model_layer_input(model, i, n + 1), -1);
        count += n == inputs;
    }
    return count;
}

/* airbench94's convolutions start as identities as far as they go, the rest at random. */
static void dirac_passes_on(void **state) {
    (void)state;
    enum { OUT = 64, IN = 24, AREA = 9 };
    static float weight[OUT][IN][AREA];
    fv_model *model = build("airbench94", NULL);
    assert_int_equal(fv_model_get(model, "block1.conv1.weight", &weight[0][0][0], OUT * IN * AREA), FV_OK);
    double squares = 0;
    for (int o = 0; o < OUT; o++)
        for (int i = 0; i < IN; i++)
            for (int p = 0; p < AREA; p++)
                if (o < IN)
                    assert_true(weight[o][i][p] == (o == i && p == AREA / 2 ? 1 : 0));
                else
                    squares += (double)(weight[o][i][p] * weight[o][i][p]);
    assert_true(fabs(squares / (OUT - IN) - 1. / 3) < 0.02); /* U(+-1/sqrt(fan_in)) */
    fv_model_free(model);
}

static void layers_say_what_they_read(void **state) {
    (void)state;
    fv_model *resnet = build("resnet50:init=zero", NULL), *googlenet = build("googlenet:init=zero", NULL);
    assert_int_equal(layers_with_inputs(resnet, 0), 1);
    assert_int_equal(layers_with_inputs(resnet, 2), 16);   /* sums */
    assert_int_equal(layers_with_inputs(googlenet, 4), 9); /* joined branches */
    fv_layer_info layer;
    int heads = 0;
    for (int i = 0; fv_model_layer(googlenet, i, &layer); i++) {
        assert_int_equal(layer.auxiliary, strncmp(layer.name, "aux", 3) == 0);
        heads += layer.auxiliary && strcmp(layer.op, "linear") == 0;
    }
    assert_int_equal(heads, 4);
    assert_int_equal(fv_model_layer_input(resnet, 9999, 0), -1);
    assert_int_equal(fv_model_layer_input(resnet, -1, 0), -1);
    fv_model_free(resnet);
    fv_model_free(googlenet);
}

static void layers_of_resnet(void **state) {
    (void)state;
    fv_model *model = build("resnet:layers=101,init=zero", NULL), *named = build("resnet101:init=zero", NULL);
    assert_int_equal(fv_model_parameters(model), fv_model_parameters(named));
    fv_model_free(model);
    fv_model_free(named);
    assert_null(fv_network("resnet:layers=49", NULL));
    assert_contains(fv_error(), "supported layers are 18, 34, 50, 101, 152");
}

static void options_have_ranges(void **state) {
    (void)state;
    assert_null(fv_network("vgg11:dropout=1", NULL));
    assert_contains(fv_error(), "vgg11:dropout=1: must be a number from 0 to 0.999");
    assert_null(fv_network("mobilenet_v2:width_mult=0", NULL));
    assert_contains(fv_error(), "mobilenet_v2:width_mult=0: must be a number from 1e-06 to 1000000");
    assert_null(fv_mobilenet_v2(.width_mult = -1));
    assert_contains(fv_error(), "mobilenet_v2: width_mult -1: must be above 0 and at most 1e6");
    assert_null(fv_network("resnet18:dropout=0", NULL));
    assert_contains(fv_error(), "resnet18 has no option \"dropout\"");
}

static int count_layers(const fv_model *model, const char *op) {
    fv_layer_info info;
    int n = 0;
    for (int i = 0; fv_model_layer(model, i, &info); i++) n += strcmp(info.op, op) == 0;
    return n;
}

static void same_parameters(const fv_model *a, const fv_model *b) {
    assert_int_equal(a->n_params, b->n_params);
    for (int i = 0; i < a->n_params; i++) {
        assert_string_equal(a->params[i].name, b->params[i].name);
        assert_true(fv_shape_equal(&a->params[i].info.shape, &b->params[i].info.shape));
    }
}

/* What an option takes away is all that it changes: the networks can be compared. */
static void options_leave_the_parameters(void **state) {
    (void)state;
    static const struct {
        const char *name, *with, *less, *more;
        int layers, instead;
    } cases[] = {
        {"lenet", "lenet:no_pool=1", "max_pool", NULL, 2, 0},
        {"alexnet", "alexnet:sigmoid=1", "relu", "sigmoid", 7, 7},
        {"resnet50", "resnet50:leaky=1", "relu", "leaky_relu", 49, 49},
        {"plain20", "plain20:leaky=1", "relu", "leaky_relu", 19, 19},
    };
    for (int i = 0; i < FV_COUNT(cases); i++) {
        fv_arch arch = {.init.kind = FV_INIT_ZERO};
        fv_model *model = build(cases[i].name, &arch), *other = build(cases[i].with, &arch);
        assert_int_equal(count_layers(model, cases[i].less), cases[i].layers);
        assert_int_equal(count_layers(other, cases[i].less), 0);
        if (cases[i].more) assert_int_equal(count_layers(other, cases[i].more), cases[i].instead);
        same_parameters(model, other);
        fv_model_free(model);
        fv_model_free(other);
    }
}

static void dropout_by_default(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int layers;
    } cases[] = {{"alexnet", 2},      {"alexnet_owt", 2},   {"vgg16", 2},        {"googlenet", 3},
                 {"googlenet_bn", 3}, {"squeezenet1_1", 1}, {"mobilenet_v2", 1}, {"mobilenet_v3_small", 1}};
    for (int i = 0; i < FV_COUNT(cases); i++) {
        fv_model *model = build(cases[i].name, &(fv_arch){.init.kind = FV_INIT_ZERO});
        assert_int_equal(count_layers(model, "dropout"), cases[i].layers);
        fv_model_free(model);
    }
}

/* One step on three images; returns its loss. */
static float loss_of_a_step(fv_model *model) {
    float *x = make_images(model, 3), loss = 0;
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = 3, .threads = 1);
    if (fv_trainer_step(trainer, x, (const int[]){0, 1, 2}, 3, FV_ZERO, &loss)) fail_msg("%s", fv_error());
    fv_trainer_free(trainer);
    fv_free(x);
    return loss;
}

static void auxiliary_heads_come_back_from_a_file(void **state) {
    (void)state;
    const char *path = temporary("googlenet.safetensors");
    fv_model *model = build("googlenet:dropout=0", &(fv_arch){.classes = 3, .input = {3, 96, 96}});
    assert_int_equal(model->graph->n_auxiliary, 2);
    assert_int_equal(fv_model_save(model, path), FV_OK);
    fv_model *loaded = fv_model_load(path);
    if (!loaded) fail_msg("%s", fv_error());
    assert_int_equal(loaded->graph->n_auxiliary, 2);
    assert_float_equal(loaded->graph->auxiliary[1].weight, 0.3f, 0);
    float with = loss_of_a_step(model), again = loss_of_a_step(loaded);
    assert_float_equal(again, with, 1e-5f);
    loaded->graph->n_auxiliary = 0;
    assert_true(loss_of_a_step(loaded) < with - 0.1f); /* each head adds its own */
    fv_model_free(model);
    fv_model_free(loaded);
}

/* Makes logits and an auxiliary head on one graph; returns the logits. */
static fv_value *two_heads(int head_classes, float weight) {
    fv_value *x = fv_flatten(fv_input(fv_graph_new("heads"), 1, 4, 4));
    fv_status status = fv_auxiliary(fv_linear(x, "head", head_classes), weight);
    fv_value *logits = fv_linear(x, "fc", 3);
    if (status == FV_OK) return logits;
    fv_graph_free(fv_value_graph(logits));
    return NULL;
}

static void wrong_heads_are_refused(void **state) {
    (void)state;
    assert_null(fv_model_new(two_heads(4, 0.3f)));
    assert_contains(fv_error(), "heads/head linear: an auxiliary head of shape [N,4] beside logits of shape [N,3]");
    assert_null(fv_model_new(two_heads(3, 0)));
    assert_contains(fv_error(), "an auxiliary head of weight 0: must be from 1e-6 to 100");
    fv_model *model = fv_model_new(two_heads(3, 0.3f));
    assert_non_null(model);
    assert_int_equal(fv_model_macs(model), 16 * 3); /* of the logits alone */
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_are_fast),
        cmocka_unit_test(every_network_takes_an_odd_size),
        cmocka_unit_test(zero_branches_are_the_identity),
        cmocka_unit_test(the_head_of_resnet),
        cmocka_unit_test(dirac_passes_on),
        cmocka_unit_test(layers_say_what_they_read),
        cmocka_unit_test(layers_of_resnet),
        cmocka_unit_test(auxiliary_heads_come_back_from_a_file),
        cmocka_unit_test(wrong_heads_are_refused),
        cmocka_unit_test(options_have_ranges),
        cmocka_unit_test(options_leave_the_parameters),
        cmocka_unit_test(dropout_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
