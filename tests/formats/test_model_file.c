/* Model files: what comes back is what was saved, and no file, however hostile, does more than fail in one line. */
#include "core/memory.h"
#include "core/random.h"
#include "engine/model.h"
#include "formats/json.h"
#include "formats/model_file.h"
#include "formats/safetensors.h"
#include "fovea/train.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Networks ---------------------------------------------------------------------------------------------------------- */

static fv_value *windows(fv_graph *g) {
    fv_value *x = fv_input(g, 4, 13, 11);
    x = fv_conv2d(x, "conv1", 8, 0, .kernels = {3, 5}, .strides = {1, 2}, .pads = {0, 2, 1, 3}, .groups = 4);
    x = fv_leaky_relu(fv_batch_norm(x, "bn1", .epsilon = 1e-3f, .momentum = 0.75f), .slope = 0.2f);
    x = fv_max_pool(x, 3, .stride = 2, .pad = 1, .ceil_mode = true);
    x = fv_avg_pool(x, 2, .stride = 1, .pads = {1, 0, 0, 1}, .count_include_pad = true);
    x = fv_tanh(fv_conv2d(x, "conv2", 6, 3, .dilation = 2, .pad = 2, .no_bias = true));
    return fv_softmax(fv_linear(fv_flatten(x), "fc", 7, .no_bias = true));
}

static fv_value *branches(fv_graph *g) {
    fv_value *x = fv_relu(fv_conv2d(fv_input(g, 3, 9, 9), "stem", 6, 3, .pad = 1));
    fv_scope(g, "block%d", 1);
    fv_value *a = fv_sigmoid(fv_conv2d(x, "conv", 6, 1)), *b = fv_add(a, x);
    fv_unscope(g);
    x = fv_global_avg_pool(fv_concat((fv_value *[]){a, b, x}, 3));
    return fv_linear(fv_dropout(fv_flatten(x), 0.4f), "fc", 1);
}

static fv_value *mobile(fv_graph *g) {
    fv_value *x = fv_hard_swish(fv_conv2d(fv_input(g, 2, 8, 8), "stem", 8, 3, .stride = 2, .pad = 1));
    fv_value *squeezed = fv_hard_sigmoid(fv_conv2d(fv_global_avg_pool(x), "gate", 8, 1));
    x = fv_lrn(fv_scale(fv_relu6(x), squeezed));
    x = fv_channel_shuffle(fv_concat((fv_value *[]){fv_slice(x, 4, 4), fv_slice(x, 0, 4)}, 2), 2);
    return fv_linear(fv_flatten(x), "fc", 3);
}

/* What the tables below take apart. */
static fv_value *plain(fv_graph *g) {
    fv_value *x = fv_relu(fv_batch_norm(fv_conv2d(fv_input(g, 1, 6, 6), "conv", 2, 3), "bn"));
    return fv_linear(fv_flatten(fv_max_pool(x, 2)), "fc", 3);
}

static fv_value *(*const networks[])(fv_graph *g) = {windows, branches, plain, mobile};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* With every parameter off its initial value: variances above 0. */
static fv_model *make(int which) {
    fv_model *model = fv_model_new(networks[which](fv_graph_new("by hand")), .seed = 5);
    assert_non_null(model);
    fv_random random = fv_random_stream(11, (uint64_t)which, 0);
    for (int i = 0; i < model->n_params; i++) {
        float values[4096];
        size_t count = fv_shape_count(&model->params[i].info.shape);
        assert_true(count <= 4096);
        for (size_t j = 0; j < count; j++) values[j] = 0.1f + fv_random_float(&random);
        assert_int_equal(fv_model_set(model, model->params[i].name, values, count), FV_OK);
    }
    return model;
}

/* ---- Round trips ------------------------------------------------------------------------------------------------------- */

enum { IMAGES = 3, MOST_FLOATS = 4096 };

static void forward(fv_model *model, float *logits) {
    int c, h, w;
    float x[MOST_FLOATS];
    fv_model_input(model, &c, &h, &w);
    size_t count = (size_t)IMAGES * (size_t)(c * h * w);
    assert_true(count <= MOST_FLOATS);
    fv_random random = fv_random_stream(3, 0, 0);
    for (size_t i = 0; i < count; i++) x[i] = fv_random_normal(&random);
    fv_predictor *p = fv_predictor_new(model, .batch_size = IMAGES, .threads = 2);
    assert_int_equal(fv_forward(p, x, IMAGES, logits), FV_OK);
    fv_predictor_free(p);
}

static void assert_same_model(fv_model *a, fv_model *b) {
    float x[IMAGES * 10], y[IMAGES * 10];
    size_t bytes = sizeof(float) * IMAGES * (size_t)fv_model_outputs(a);
    assert_int_equal(fv_model_outputs(a), fv_model_outputs(b));
    assert_true(bytes <= sizeof x);
    assert_int_equal(a->n_params, b->n_params);
    for (int i = 0; i < a->n_params; i++) {
        assert_string_equal(a->params[i].name, b->params[i].name);
        assert_int_equal(a->params[i].info.state, b->params[i].info.state);
        assert_int_equal(a->params[i].info.no_decay, b->params[i].info.no_decay);
    }
    forward(a, x);
    forward(b, y);
    assert_memory_equal(x, y, bytes);
}

static void networks_built_by_hand_come_back(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        const char *path = temporary("hand.safetensors"), *again = temporary("again.safetensors");
        fv_model *model = make(i);
        assert_int_equal(fv_model_save(model, path), FV_OK);
        fv_model *loaded = fv_model_load(path);
        if (!loaded) fail_msg("%s", fv_error());
        assert_same_model(model, loaded);
        assert_int_equal(fv_model_save(loaded, again), FV_OK);
        size_t bytes;
        void *file = file_bytes(path, &bytes);
        assert_true(file_holds(again, file, bytes));
        free(file);
        fv_model_free(loaded);
        fv_model_free(model);
    }
}

static void the_networks_hold_every_operator(void **state) {
    (void)state;
    for (int k = 0; fv_ops[k]; k++) {
        bool met = !(fv_ops[k]->grad && fv_ops[k]->onnx);
        for (int i = 0; i < NETWORKS && !met; i++) {
            fv_graph *g = fv_value_graph(networks[i](fv_graph_new("by hand")));
            for (int id = 0; id < g->n_nodes; id++) met |= g->nodes[id]->op == fv_ops[k];
            fv_graph_free(g);
        }
        if (!met) fail_msg("%s: in none of the networks", fv_ops[k]->name);
    }
}

static void lenet_comes_back_with_all_it_knows(void **state) {
    (void)state;
    const char *path = temporary("lenet.safetensors");
    static const char *const names[] = {"a", "b \"quoted\"", "ç", "d"};
    fv_preprocess wanted = {.channels = FV_GRAY,
                            .resize = FV_RESIZE_CV2,
                            .background = FV_BACKGROUND(1, 2, 3),
                            .mean = {0.1307f},
                            .std = {0.3081f}};
    fv_model *model = fv_network("lenet:text=1", &(fv_arch){.classes = 4, .seed = 9});
    assert_int_equal(fv_model_set_classes(model, names, 4, 2), FV_OK);
    assert_int_equal(fv_model_set_classes(model, (const char *[]){"a", "b", "c", "d\xe9"}, 4, 2), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "class 3, \"d\xe9\": its name must be in UTF-8");
    assert_int_equal(fv_model_set_preprocess(model, &wanted), FV_OK);
    assert_int_equal(fv_model_set_threshold(model, 0.3f), FV_OK);
    assert_int_equal(fv_model_save(model, path), FV_OK);
    fv_model *loaded = fv_model_load(path);
    assert_same_model(model, loaded);
    assert_string_equal(fv_model_network(loaded), "lenet:text=1");
    for (int i = 0; i < 4; i++) assert_string_equal(fv_model_class_name(loaded, i), names[i]);
    assert_int_equal(loaded->positive, 2);
    assert_true(loaded->threshold == 0.3f);
    assert_int_equal(loaded->preprocess.channels, FV_GRAY);
    assert_int_equal(loaded->preprocess.resize, FV_RESIZE_CV2);
    assert_int_equal(loaded->preprocess.background, FV_BACKGROUND(1, 2, 3));
    assert_true(loaded->preprocess.mean[0] == 0.1307f && loaded->preprocess.std[0] == 0.3081f);
    fv_model_free(loaded);
    fv_model_free(model);
}

static void names_that_no_file_could_hold_are_refused(void **state) {
    (void)state;
    fv_value *x = fv_input(fv_graph_new("by hand"), 1, 6, 6);
    assert_null(fv_graph_new("caf\xe9"));
    assert_string_equal(fv_error(), "a network named \"caf\xe9\": a name must be in UTF-8");
    assert_null(fv_conv2d(x, "caf\xe9", 2, 3));
    assert_string_equal(fv_error(), "by hand/caf\xe9 conv2d: a name must be in UTF-8");
    fv_graph_free(fv_value_graph(x));
}

static void a_trained_model_is_saved_in_plain_layouts(void **state) {
    (void)state;
    const char *path = temporary("trained.safetensors");
    fv_model *model = make(0);
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = IMAGES, .threads = 1);
    float x[IMAGES * 4 * 13 * 11];
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)(i % 17) / 17;
    assert_int_equal(fv_trainer_step(trainer, x, (int[]){0, 1, 2}, IMAGES, 0, NULL), FV_OK);
    assert_int_equal(fv_model_save(model, path), FV_OK);
    fv_model *loaded = fv_model_load(path);
    for (int i = 0; i < model->n_params; i++) {
        float a[4096], b[4096];
        size_t count = fv_shape_count(&model->params[i].info.shape);
        assert_int_equal(fv_model_get(model, model->params[i].name, a, count), FV_OK);
        assert_int_equal(fv_model_get(loaded, model->params[i].name, b, count), FV_OK);
        assert_memory_equal(a, b, count * sizeof *a);
    }
    fv_model_free(loaded);
    fv_trainer_free(trainer);
    fv_model_free(model);
}

/* ---- Hostile metadata -------------------------------------------------------------------------------------------------- */

/* A copy of `text` with the first `find` replaced; fails if there is none. */
static char *replaced(const char *text, const char *find, const char *by) {
    const char *at = strstr(text, find);
    if (!at) fail_msg("\"%s\" is not in %s", find, text);
    char *copy = malloc(strlen(text) + strlen(by) + 1);
    assert_non_null(copy);
    sprintf(copy, "%.*s%s%s", (int)(at - text), text, by, at + strlen(find));
    return copy;
}

/* Writes the tensors of one file, and one more if `extra`, with another document. */
static void write_with(const char *from, const char *to, const char *document, const char *extra) {
    fv_safetensors *st = fv_safetensors_open(from);
    fv_tensor_entry entries[32];
    size_t n = fv_safetensors_count(st);
    assert_true(n < 32);
    for (size_t i = 0; i < n; i++) {
        const fv_tensor_view *view = fv_safetensors_at(st, i);
        entries[i] =
            (fv_tensor_entry){.name = view->name, .dtype = view->dtype, .rank = view->rank, .data = view->data};
        memcpy(entries[i].dims, view->dims, sizeof view->dims);
    }
    static const float zero[1];
    if (extra)
        entries[n++] = (fv_tensor_entry){.name = extra, .dtype = FV_DTYPE_F32, .rank = 1, .dims = {1}, .data = zero};
    assert_int_equal(fv_safetensors_write(to, entries, n, &(fv_keyval){"fovea", document}, document != NULL), FV_OK);
    fv_safetensors_free(st);
}

/* The document of a file, of its own. */
static char *document_of(const char *path) {
    fv_safetensors *st = fv_safetensors_open(path);
    char *text = strdup(fv_safetensors_metadata(st, "fovea"));
    fv_safetensors_free(st);
    return text;
}

static void assert_refused(const char *path, const char *part) {
    fv_model *model = fv_model_load(path);
    if (model) fail_msg("loaded, where \"%s\" was expected", part);
    assert_contains(fv_error(), path);
    assert_contains(fv_error(), part);
    assert_null(strchr(fv_error(), '\n'));
}

/* Of the document of `plain`: nodes 0 input; 1, 2 conv.weight, conv.bias; 3 conv; 4 to 7 bn's; 8 bn; 9 relu; 10 max_pool;
 * 11 flatten; 12, 13 fc's; 14 fc. */
static const struct {
    const char *find, *by, *message;
} hostile[] = {
    {"\"version\":1", "\"version\":2", "version 2: this fovea reads up to 1"},
    {"\"version\":1", "\"version\":0", "\"version\" must be a whole number from 1"},
    {"\"version\":1,", "", "\"version\" is missing"},
    {"\"op\":\"relu\"", "\"op\":\"gelu\"", "node 9: unknown operator \"gelu\""},
    {"\"op\":\"relu\"", "\"op\":\"relu_backward\"", "unknown operator \"relu_backward\""},
    {"\"op\":\"relu\"", "\"op\":\"batch_norm_inference\"", "unknown operator \"batch_norm_inference\""},
    {"\"op\":\"relu\"", "\"op\":\"cross_entropy\"", "unknown operator \"cross_entropy\""},
    {"\"op\":\"relu\"", "\"op\":\"update\"", "unknown operator \"update\""},
    {"\"op\":\"relu\"", "\"op\":\"reorder\"", "unknown operator \"reorder\""},
    {"\"op\":\"relu\"", "\"op\":7", "node 9: \"op\" must be a string, not 7"},
    {"\"op\":\"relu\",", "", "node 9: \"op\" is missing"},
    {"\"name\":\"relu\",", "", "node 9: \"name\" is missing"},
    {"\"op\":\"relu\"", "\"op\":\"input\"", "node 9: \"shape\" is missing"},
    {"{\"op\":\"relu\",\"name\":\"relu\",\"in\":[[8,0]],\"args\":{}}", "7", "node 9: "},
    {"\"groups\":1", "\"groups\":1.5", "argument \"groups\" is of the wrong type"},
    {"\"groups\":1", "\"groups\":\"1\"", "argument \"groups\" is of the wrong type"},
    {"\"groups\":1", "\"groups\":true", "argument \"groups\" is of the wrong type"},
    {"\"groups\":1", "\"groups\":0", "argument \"groups\" is 0: must be from 1"},
    {"\"groups\":1", "\"groups\":4294967297", "argument \"groups\" is 4.29497e+09: must be from 1"},
    {"\"groups\":1", "\"groups\":2", "groups 2 does not divide 1 input channels"},
    {"\"groups\":1", "\"group\":1", "conv2d has no argument \"group\""},
    {"\"groups\":1", "\"groups\":1,\"has_skip\":true", "conv2d has no argument \"has_skip\""},
    {"\"epsilon\":", "\"relu\":1,\"epsilon\":", "batch_norm has no argument \"relu\""},
    {"\"has_bias\":true", "\"has_bias\":1", "argument \"has_bias\" is of the wrong type"},
    {"\"has_bias\":true", "\"has_bias\":false", "node 3: by hand/conv conv2d: 3 inputs, takes 2"},
    {"\"kernel\":[3,3]", "\"kernel\":[3]", "argument \"kernel\" must be an array of 2 numbers"},
    {"\"kernel\":[3,3]", "\"kernel\":3", "argument \"kernel\" must be an array of 2 numbers"},
    {"\"kernel\":[3,3]", "\"kernel\":[3,null]", "argument \"kernel\" is of the wrong type"},
    {"\"kernel\":[3,3]", "\"kernel\":[3,2]", "node 3: by hand/conv conv2d: a weight [2,1,3,3]"},
    {"\"momentum\":", "\"momentum\":2,\"momentun\":", "batch_norm has no argument \"momentun\""},
    {"\"in\":[[8,0]]", "\"in\":[[9,0]]", "an input must be [node, 0] of an earlier node"},
    {"\"in\":[[8,0]]", "\"in\":[[-1,0]]", "an input must be [node, 0]"},
    {"\"in\":[[8,0]]", "\"in\":[[8,1]]", "an input must be [node, 0]"},
    {"\"in\":[[8,0]]", "\"in\":[[8,3]]", "an input must be [node, 0]"},
    {"\"in\":[[8,0]]", "\"in\":[[4294967304,0]]", "an input must be [node, 0]"},
    {"\"in\":[[8,0]]", "\"in\":[[8.0,0]]", "an input must be [node, 0]"},
    {"\"in\":[[8,0]]", "\"in\":[8]", "an input must be [node, 0]"},
    {"\"in\":[[8,0]]", "\"in\":[[8,0,0]]", "an input must be [node, 0]"},
    {"\"in\":[[8,0]]", "\"in\":[]", "relu: 0 inputs, takes 1 to 1"},
    {"\"in\":[[8,0]]", "\"in\":[[8,0],[8,0]]", "relu: 2 inputs, takes 1 to 1"},
    {"\"in\":[[8,0]]", "\"in\":[[4,0]]", "input 0 of relu must be no parameter"},
    {"\"in\":[[8,0]],", "", "\"in\" is missing"},
    {"\"in\":[[0,0],[1,0],[2,0]]", "\"in\":[[0,0],[0,0],[2,0]]", "input 1 of conv2d must be a parameter"},
    {"\"in\":[[0,0],[1,0],[2,0]]", "\"in\":[[0,0],[1,0],[0,0]]", "input 2 of conv2d must be a parameter"},
    {"[[3,0],[4,0],[5,0],[6,0],[7,0]]", "[[3,0],[4,0],[5,0],[4,0],[7,0]]",
     "input 3 of batch_norm must be a parameter with \"state\""},
    {"[[3,0],[4,0],[5,0],[6,0],[7,0]]", "[[3,0],[4,0],[4,0],[6,0],[7,0]]",
     "parameter \"bn.weight\" is read by 2 nodes"},
    {"\"name\":\"conv.bias\"", "\"name\":\"conv.weight\"", "two parameters named \"conv.weight\""},
    {"\"name\":\"conv.bias\"", "\"name\":\"conv.offset\"", "no tensor \"conv.offset\""},
    {"\"shape\":[1,1,6,6]", "\"shape\":[1,1,6]", "an input must have a shape [1,C,H,W]"},
    {"\"shape\":[1,1,6,6]", "\"shape\":[1,1,6,65536]", "each must be from 1 to 65535"},
    {"\"shape\":[1,1,6,6]", "\"shape\":[1,1,65535,65535]", "features: at most 16777216"},
    {"\"shape\":[1,1,6,6]", "\"shape\":[1,2,6,6]", "a weight [2,1,3,3] for 2 input channels"},
    {"\"shape\":[1,1,6,6]", "\"shape\":[1,1,2,2]", "node 3: by hand/conv conv2d"},
    {"\"shape\":[2,1,3,3]", "\"shape\":[16777216,16777216,16777216,1]", "2^43 elements at most"},
    {"\"shape\":[2,1,3,3]", "\"shape\":[0,1,3,3]", "\"shape[0]\" must be a whole number from 1"},
    {"\"shape\":[2,1,3,3]", "\"shape\":[2,1,3,3,1]", "\"shape\" must be an array of at most 4"},
    {"\"shape\":[3,8]", "\"shape\":[16777216,8]", "node 14: by hand/fc linear: a bias [3]"},
    {"{\"op\":\"relu\"", "{\"op\":\"input\",\"name\":\"input\",\"shape\":[1,1,6,6]},{\"op\":\"relu\"",
     "a second image input"},
    {"\"logits\":[14,0]", "\"logits\":[15,0]", "an input must be [node, 0]"},
    {"\"logits\":[14,0]", "\"logits\":[12,0]", "the logits are a node that computes nothing"},
    {"\"logits\":[14,0]", "\"logits\":[0,0]", "the logits are a node that computes nothing"},
    {"\"logits\":[14,0]", "\"logits\":[10,0]", "must be [N,K]"},
    {"\"logits\":[14,0]", "\"logits\":[11,0]", "3 classes are named, and the network has 8 logits"},
    {"\"classes\":[\"0\",\"1\",\"2\"]", "\"classes\":[\"0\",\"1\"]",
     "2 classes are named, and the network has 3 logits"},
    {"\"classes\":[\"0\",\"1\",\"2\"]", "\"classes\":[\"0\",1,\"2\"]", "class 1 has no name"},
    {"\"classes\":[\"0\",\"1\",\"2\"],", "", "\"classes\" is missing"},
    {"\"positive\":1", "\"positive\":3", "\"positive\" must be a whole number from 0 to 2"},
    {"\"threshold\":0.5", "\"threshold\":1.5", "\"threshold\" must be a number"},
    {"\"threshold\":0.5", "\"threshold\":1.0", "metadata: threshold 1: must be above 0 and below 1"},
    {"\"channels\":\"default\"", "\"channels\":\"cmyk\"", "channels \"cmyk\""},
    {"\"resize\":\"pil\"", "\"resize\":\"nearest\"", "resize \"nearest\""},
    {"\"std\":[1.0]", "\"std\":[0.0]", "\"std[0]\" must be a number"},
    {"\"std\":[1.0]", "\"std\":[1.0,1.0,1.0,1.0,1.0]", "\"std\" must be an array of at most 4"},
    {"\"graph\":{", "\"graf\":{", "\"graph\" is missing"},
    {"\"nodes\":[", "\"nodes\":7,\"knots\":[", "\"nodes\" must be an array"},
    {"\"name\":\"by hand\",", "", "\"name\" is missing"},
    {"{\"version\":1,", "{\"version\":1,\"version\":1,", "duplicate"},
    {"{\"version\":1,", "{,", "metadata"},
};

static void hostile_metadata_is_refused_in_one_line(void **state) {
    (void)state;
    const char *good = temporary("good.safetensors"), *bad = temporary("bad.safetensors");
    fv_model *model = make(2);
    assert_int_equal(fv_model_save(model, good), FV_OK);
    char *document = document_of(good);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        char *text = replaced(document, hostile[i].find, hostile[i].by);
        write_with(good, bad, text, NULL);
        assert_refused(bad, hostile[i].message);
        free(text);
    }
    free(document);
    fv_model_free(model);
}

static void files_that_are_no_models_are_refused(void **state) {
    (void)state;
    const char *good = temporary("good.safetensors"), *bad = temporary("bad.safetensors");
    fv_model *model = make(2);
    assert_int_equal(fv_model_save(model, good), FV_OK);
    char *document = document_of(good);
    write_with(good, bad, document, "surplus");
    assert_refused(bad, "tensor \"surplus\" is none of the network's");
    write_with(good, bad, NULL, NULL);
    assert_refused(bad, "holds weights but not a fovea model");
    put_text(bad, "not a model");
    assert_refused(bad, "");
    assert_null(fv_model_load(temporary("missing.safetensors")));
    assert_contains(fv_error(), "missing.safetensors");
    assert_int_not_equal(fv_model_save(model, temporary("no/such/folder/x.safetensors")), FV_OK);
    assert_contains(fv_error(), "no/such/folder");
    free(document);
    fv_model_free(model);
}

/* ---- Weights of another network ---------------------------------------------------------------------------------------- */

static void another_networks_weights_change_nothing(void **state) {
    (void)state;
    const char *path = temporary("other.safetensors");
    fv_model *model = fv_lenet(.seed = 1), *other = fv_lenet(.classes = 4), *hand = make(2);
    static float before[120 * 64], after[120 * 64];
    assert_int_equal(fv_model_get(model, "fc1.weight", before, 7680), FV_OK);

    assert_int_equal(fv_model_save(other, path), FV_OK);
    assert_int_equal(fv_model_load_weights(model, path), FV_BAD_DATA);
    assert_contains(fv_error(), "tensor \"fc2.weight\" is [4,64] where the network has [10,64]");
    assert_int_equal(fv_model_save(hand, path), FV_OK);
    assert_int_equal(fv_model_load_weights(model, path), FV_BAD_DATA);
    assert_contains(fv_error(), "no tensor \"conv1.weight\"");
    assert_int_equal(fv_model_load_weights(model, temporary("missing")), FV_IO_ERROR);

    assert_int_equal(fv_model_get(model, "fc1.weight", after, 7680), FV_OK);
    assert_memory_equal(before, after, sizeof after);
    fv_model_free(hand);
    fv_model_free(other);
    fv_model_free(model);
}

static void weights_are_taken_into_a_model_in_use(void **state) {
    (void)state;
    const char *path = temporary("weights.safetensors");
    fv_model *model = make(0), *other = fv_model_new(windows(fv_graph_new("by hand")), .seed = 77);
    float a[IMAGES * 10], b[IMAGES * 10];
    forward(other, a);
    assert_int_equal(fv_model_save(model, path), FV_OK);
    fv_trainer *trainer = fv_trainer_new(other, .batch_size = 2); /* holds the parameters in its own layouts */
    assert_int_equal(fv_model_load_weights(other, path), FV_OK);
    forward(model, a);
    forward(other, b);
    for (int i = 0; i < IMAGES * 7; i++) assert_float_equal(a[i], b[i], 1e-6);
    fv_trainer_free(trainer);
    assert_same_model(model, other);
    fv_model_free(other);
    fv_model_free(model);
}

/* ---- Damage ------------------------------------------------------------------------------------------------------------ */

/* What loads must also run: a forward pass finds what the checks let through. */
static void try_bytes(const void *bytes, size_t count) {
    fv_model *model = fv_model_parse(bytes, count, "damaged");
    if (!model) {
        assert_true(strncmp(fv_error(), "damaged", 7) == 0);
        assert_null(strchr(fv_error(), '\n'));
        return;
    }
    int c, h, w;
    fv_model_input(model, &c, &h, &w);
    float *x = c * h * w <= MOST_FLOATS ? calloc((size_t)(c * h * w), sizeof *x) : NULL, logits[64];
    fv_predictor *p = x ? fv_predictor_new(model, .threads = 1) : NULL;
    if (p && fv_model_outputs(model) <= 64) (void)fv_forward(p, x, 1, logits);
    fv_predictor_free(p);
    free(x);
    fv_model_free(model);
}

static void damaged_files_never_crash(void **state) {
    (void)state;
    const char *path = temporary("damage.safetensors");
    fv_model *model = make(2);
    assert_int_equal(fv_model_save(model, path), FV_OK);
    size_t count;
    unsigned char *bytes = file_bytes(path, &count);
    for (size_t i = 0; i < count; i++) {
        unsigned char *copy = malloc(i + 1); /* exactly as long: what reads further is found */
        memcpy(copy, bytes, i);
        assert_null(fv_model_parse(copy, i, "damaged"));
        free(copy);
    }
    for (size_t i = 0; i < count; i++) {
        unsigned bit = 1u << (i * 5 % 8);
        bytes[i] ^= (unsigned char)bit;
        try_bytes(bytes, count);
        bytes[i] ^= (unsigned char)bit;
    }
    for (char digit = '0'; digit <= '9'; digit++) /* what keeps the JSON whole */
        for (size_t i = 8; i < count; i++) {
            unsigned char was = bytes[i];
            if (was < '0' || was > '9' || (was + digit) % 3) continue;
            bytes[i] = (unsigned char)digit;
            try_bytes(bytes, count);
            bytes[i] = was;
        }
    free(bytes);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_built_by_hand_come_back),
        cmocka_unit_test(the_networks_hold_every_operator),
        cmocka_unit_test(lenet_comes_back_with_all_it_knows),
        cmocka_unit_test(names_that_no_file_could_hold_are_refused),
        cmocka_unit_test(a_trained_model_is_saved_in_plain_layouts),
        cmocka_unit_test(hostile_metadata_is_refused_in_one_line),
        cmocka_unit_test(files_that_are_no_models_are_refused),
        cmocka_unit_test(another_networks_weights_change_nothing),
        cmocka_unit_test(weights_are_taken_into_a_model_in_use),
        cmocka_unit_test(damaged_files_never_crash),
    };
    return cmocka_run_group_tests_name("model_file", tests, NULL, NULL);
}
