/* Weights to start from: what fits is taken, what must fit and does not is told, and then nothing has changed. With --peer,
 * the C side of peer_torchvision.py. */
#include "core/memory.h"
#include "engine/model.h"
#include "formats/params.h"
#include "fovea/train.h"
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 512 };

/* ---- Files -------------------------------------------------------------------------------------------------------------- */

/* The tensors of a model as a file without metadata, to be spoilt before it is written. */
typedef struct tensors {
    fv_tensor_entry entries[MOST];
    size_t count;
} tensors;

static tensors *tensors_of(const fv_model *model) {
    tensors *t = FV_NEW(tensors);
    assert_non_null(t);
    for (int i = 0; i < model->n_params; i++)
        assert_int_equal(fv_param_entry(&model->params[i], "", &t->entries[t->count++]), FV_OK);
    return t;
}

static fv_tensor_entry *entry(tensors *t, const char *name) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->entries[i].name, name) == 0) return &t->entries[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static void rename_entry(fv_tensor_entry *e, const char *name) {
    fv_free((char *)e->name);
    e->name = fv_strdup(name);
}

/* Leaves out all whose names begin so. */
static void drop(tensors *t, const char *prefix) {
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++)
        if (strncmp(t->entries[i].name, prefix, strlen(prefix)) == 0)
            fv_free((char *)t->entries[i].name);
        else
            t->entries[kept++] = t->entries[i];
    t->count = kept;
}

static void add_counter(tensors *t, const char *name) {
    static const int64_t steps = 1000;
    t->entries[t->count++] = (fv_tensor_entry){.name = fv_strdup(name), .dtype = FV_DTYPE_I64, .data = &steps};
}

static const char *written(tensors *t) {
    const char *path = temporary("weights.safetensors");
    assert_int_equal(fv_safetensors_write(path, t->entries, t->count, NULL, 0), FV_OK);
    for (size_t i = 0; i < t->count; i++) fv_free((char *)t->entries[i].name);
    fv_free(t);
    return path;
}

/* ---- Models ------------------------------------------------------------------------------------------------------------- */

static fv_model *network(const char *name, int classes, uint64_t seed) {
    fv_model *model = fv_network(name, &(fv_arch){.classes = classes, .seed = seed});
    if (!model) fail_msg("%s: %s", name, fv_error());
    return model;
}

static bool same_values(const fv_model *a, const fv_model *b, const char *name) {
    const fv_param *p = fv_model_param(a, name), *q = fv_model_param(b, name);
    assert_true(p && q && p->bytes == q->bytes);
    return memcmp(p->data, q->data, p->bytes) == 0;
}

static void all_the_same(const fv_model *a, const fv_model *b, const char *but) {
    for (int i = 0; i < a->n_params; i++)
        if (strncmp(a->params[i].name, but, strlen(but)) != 0)
            if (!same_values(a, b, a->params[i].name)) fail_msg("%s differs", a->params[i].name);
}

/* ---- What is taken -------------------------------------------------------------------------------------------------------- */

static void every_tensor_by_name(void **state) {
    (void)state;
    fv_model *from = network("resnet20", 10, 1);
    tensors *t = tensors_of(from);
    add_counter(t, "bn1.num_batches_tracked");
    const char *path = written(t);
    fv_model *to = fv_resnet20(.seed = 2, .pretrained = path);
    assert_non_null(to);
    all_the_same(from, to, "none");
    assert_contains(fv_model_pretrained(to), ": 107 tensors taken, left out: 1 (bn1.num_batches_tracked)");
    fv_model_free(to);
    char *name = fv_format("resnet20:pretrained=%s", path);
    to = network(name, 10, 3);
    all_the_same(from, to, "none");
    fv_free(name);
    fv_model_free(from);
    fv_model_free(to);
}

static void another_head_is_made_anew(void **state) {
    (void)state;
    fv_model *from = network("resnet20", 10, 1), *fresh = network("resnet20", 3, 2), *to = network("resnet20", 3, 2);
    assert_int_equal(fv_model_load_pretrained(to, written(tensors_of(from))), FV_OK);
    assert_contains(fv_model_pretrained(to), ": 105 tensors taken, new: 2 (fc.weight, ...)");
    all_the_same(from, to, "fc.");
    assert_true(same_values(to, fresh, "fc.weight") && same_values(to, fresh, "fc.bias"));
    fv_model_free(from);
    fv_model_free(fresh);
    fv_model_free(to);
}

static void half_a_head_is_none(void **state) {
    (void)state;
    fv_model *from = network("squeezenet1_1", 10, 1), *fresh = network("squeezenet1_1", 10, 2),
             *to = network("squeezenet1_1", 10, 2);
    tensors *t = tensors_of(from);
    drop(t, "classifier.1.bias");
    assert_int_equal(fv_model_load_pretrained(to, written(t)), FV_OK);
    all_the_same(from, to, "classifier.1.");
    assert_true(same_values(to, fresh, "classifier.1.weight"));
    fv_model_free(from);
    fv_model_free(fresh);
    fv_model_free(to);
}

static void auxiliary_heads_come_and_go(void **state) {
    (void)state;
    fv_model *with = network("googlenet_bn", 10, 1), *without = network("googlenet_bn:no_aux=1", 10, 2);
    assert_int_equal(fv_model_load_pretrained(without, written(tensors_of(with))), FV_OK);
    all_the_same(without, with, "none");
    fv_model *again = network("googlenet_bn", 10, 3);
    assert_int_equal(fv_model_load_pretrained(again, written(tensors_of(without))), FV_OK);
    all_the_same(without, again, "none");
    assert_false(same_values(with, again, "aux1.fc2.weight"));
    fv_model_free(with);
    fv_model_free(without);
    fv_model_free(again);
}

static void sixteen_bits_are_exact(void **state) {
    (void)state;
    /* 1.5, the least subnormal, the largest, -0 of a half; the same of a bfloat */
    static const uint16_t half[16] = {0x3e00, 0x0001, 0x7bff, 0x8000}, brain[16] = {0x3fc0, 0x0001, 0x7f7f, 0x8000};
    static const float halves[] = {1.5f, 0x1p-24f, 65504, -0.0f}, brains[] = {1.5f, 0x1p-133f, 0x1.fep127f, -0.0f};
    fv_model *model = network("resnet20", 10, 1);
    tensors *t = tensors_of(model);
    fv_tensor_entry *e = entry(t, "bn1.bias"), *f = entry(t, "bn1.weight");
    e->dtype = FV_DTYPE_F16, e->data = half;
    f->dtype = FV_DTYPE_BF16, f->data = brain;
    assert_int_equal(fv_model_load_pretrained(model, written(t)), FV_OK);
    assert_memory_equal(fv_model_param(model, "bn1.bias")->data, halves, sizeof halves);
    assert_memory_equal(fv_model_param(model, "bn1.weight")->data, brains, sizeof brains);
    fv_model_free(model);
}

static void preprocessing_comes_along(void **state) {
    (void)state;
    fv_model *from = network("resnet20", 10, 1), *to = network("resnet20", 10, 2);
    assert_int_equal(fv_model_load_pretrained(to, written(tensors_of(from))), FV_OK);
    const float mean[] = FV_IMAGENET_MEAN, std[] = FV_IMAGENET_STD;
    assert_memory_equal(to->preprocess.mean, mean, sizeof mean);
    assert_memory_equal(to->preprocess.std, std, sizeof std);
    const fv_preprocess own = {
        .channels = FV_BGR, .resize = FV_RESIZE_CV2, .mean = {0.1f, 0.2f, 0.3f}, .std = {1, 2, 3}};
    const char *path = temporary("model.safetensors");
    fv_model_set_preprocess(from, &own);
    assert_int_equal(fv_model_save(from, path), FV_OK);
    assert_int_equal(fv_model_load_pretrained(to, path), FV_OK);
    assert_int_equal(to->preprocess.channels, FV_BGR);
    assert_int_equal(to->preprocess.resize, FV_RESIZE_CV2);
    assert_memory_equal(to->preprocess.mean, own.mean, sizeof own.mean);
    fv_model_free(from);
    fv_model_free(to);
}

/* ---- What is refused ------------------------------------------------------------------------------------------------------ */

static void lose_a_tensor(tensors *t) { drop(t, "layer1.0.conv1."); }
static void lose_a_stage(tensors *t) { drop(t, "layer1."); }
static void add_a_stranger(tensors *t) { add_counter(t, "features.0.weight"); }
static void swap_names(tensors *t) { rename_entry(entry(t, "conv1.weight"), "stem.weight"); }
static void reshape(tensors *t) {
    entry(t, "conv1.weight")->dims[0] = 4;
    entry(t, "conv1.weight")->dims[1] = 12;
}
static void make_integers(tensors *t) {
    static const int32_t zeros[16];
    entry(t, "bn1.bias")->dtype = FV_DTYPE_I32;
    entry(t, "bn1.bias")->data = zeros;
}
static void spoil(tensors *t) {
    static float values[16];
    values[7] = NAN;
    entry(t, "bn1.running_var")->data = values;
}
static void overflow(tensors *t) {
    static const uint16_t values[10] = {0, 0, 0xfc00};
    entry(t, "fc.bias")->dtype = FV_DTYPE_F16;
    entry(t, "fc.bias")->data = values;
}

static const struct {
    void (*spoil)(tensors *t);
    const char *says;
} refusals[] = {
    {lose_a_tensor, ": not the weights of resnet20, tensors missing: 1 (layer1.0.conv1.weight)"},
    {lose_a_stage, ": not the weights of resnet20, tensors missing: 30 (layer1.0.conv1.weight, ...)"},
    {add_a_stranger, ": not the weights of resnet20, not its own: 1 (features.0.weight)"},
    {swap_names, ", tensors missing: 1 (conv1.weight), not its own: 1 (stem.weight)"},
    {reshape, ": tensor \"conv1.weight\" is [4,12,3,3] where the network has [16,3,3,3]"},
    {make_integers, ": tensor \"bn1.bias\" holds I32: weights are F32, F16, BF16 or F64"},
    {spoil, ": tensor \"bn1.running_var\": element 7 is NaN or infinite"},
    {overflow, ": tensor \"fc.bias\": element 2 is NaN or infinite"},
};

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    fv_model *from = network("resnet20", 10, 1), *fresh = network("resnet20", 10, 2), *to = network("resnet20", 10, 2);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        tensors *t = tensors_of(from);
        refusals[i].spoil(t);
        assert_int_not_equal(fv_model_load_pretrained(to, written(t)), FV_OK);
        assert_contains(fv_error(), refusals[i].says);
        assert_null(strchr(fv_error(), '\n'));
        all_the_same(to, fresh, "none");
        assert_null(fv_model_pretrained(to));
        assert_true(to->preprocess.std[0] == 0);
    }
    assert_int_equal(fv_model_load_pretrained(to, "nowhere.safetensors"), FV_IO_ERROR);
    assert_null(fv_resnet20(.pretrained = "nowhere.safetensors"));
    fv_model_free(from);
    fv_model_free(fresh);
    fv_model_free(to);
}

/* ---- The peer ------------------------------------------------------------------------------------------------------------ */

enum { IMAGES = 2, SIDE = 64, CLASSES = 10 };

/* NAME's logits of x.raw by weights.safetensors, against logits.raw. */
static int compare(const char *name, const char *folder) {
    size_t bytes;
    double far = 0, largest = 0;
    float logits[IMAGES * CLASSES];
    char *path = fv_format("%s/weights.safetensors", folder);
    fv_model *model = fv_network(name, &(fv_arch){.classes = CLASSES, .input = {3, SIDE, SIDE}, .pretrained = path});
    fv_predictor *predictor = fv_predictor_new(model, .batch_size = IMAGES, .threads = 1);
    fv_free(path);
    path = fv_format("%s/x.raw", folder);
    float *x = file_bytes(path, &bytes);
    fv_free(path);
    path = fv_format("%s/logits.raw", folder);
    float *wanted = file_bytes(path, &bytes);
    fv_free(path);
    fv_status status = fv_forward(predictor, x, IMAGES, logits);
    for (int i = 0; i < IMAGES * CLASSES && status == FV_OK; i++) {
        far = fmax(far, fabs((double)logits[i] - (double)wanted[i]));
        largest = fmax(largest, fabs((double)wanted[i]));
    }
    if (status == FV_OK)
        printf("%s: %s: logits differ by %.2g of the largest\n", name, fv_model_pretrained(model), far / largest);
    else
        printf("%s: %s\n", name, fv_error());
    free(x);
    free(wanted);
    fv_predictor_free(predictor);
    fv_model_free(model);
    return status != FV_OK || bytes != sizeof logits || !(far <= 1e-5 * largest);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--peer") == 0) return compare(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tensor_by_name),         cmocka_unit_test(another_head_is_made_anew),
        cmocka_unit_test(half_a_head_is_none),          cmocka_unit_test(auxiliary_heads_come_and_go),
        cmocka_unit_test(sixteen_bits_are_exact),       cmocka_unit_test(preprocessing_comes_along),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
