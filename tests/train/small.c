#include "train/small.h"

#include "core/memory.h"
#include "engine/model.h"
#include "support/unit.h"

uint8_t small_pixels[COUNT * SIDE * SIDE];
static int labels[COUNT];

fv_dataset *small_set(int classes) {
    for (int i = 0; i < COUNT; i++) {
        labels[i] = i % CLASSES;
        for (int p = 0; p < SIDE * SIDE; p++) {
            bool bright = p / SIDE * CLASSES / SIDE == labels[i];
            small_pixels[i * SIDE * SIDE + p] = (uint8_t)((bright ? 160 : 40) + (i * 31 + p * 17) % 60);
        }
    }
    fv_dataset *set = fv_dataset_from_memory(small_pixels, labels, COUNT, 1, SIDE, SIDE, classes, NULL);
    assert_non_null(set);
    return set;
}

fv_model *small_model(void) {
    fv_graph *g = fv_graph_new("small");
    fv_value *x = fv_input(g, 1, SIDE, SIDE);
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "conv", 16, 3, .pad = 1), "bn"));
    x = fv_dropout(fv_flatten(fv_max_pool(x, 2)), 0.2f);
    fv_model *model = fv_model_new(fv_linear(x, "fc", CLASSES), .seed = 3);
    if (!model) fail_msg("%s", fv_error());
    return model;
}

fv_dataset *two_classes(void) {
    static uint8_t pixels[COUNT * SIDE * SIDE];
    static int halves[COUNT];
    for (int i = 0; i < COUNT; i++) {
        halves[i] = i % 2;
        for (int p = 0; p < SIDE * SIDE; p++)
            pixels[i * SIDE * SIDE + p] = (uint8_t)(40 * halves[i] + (i * i * 31 + p * p * 17 + i * p) % 160);
    }
    fv_dataset *set = fv_dataset_from_memory(pixels, halves, COUNT, 1, SIDE, SIDE, 2, NULL);
    assert_non_null(set);
    return set;
}

fv_model *flat_model(int outputs) {
    fv_model *model = fv_model_new(fv_linear(fv_flatten(fv_input(fv_graph_new("flat"), 1, SIDE, SIDE)), "fc", outputs));
    if (!model) fail_msg("%s", fv_error());
    return model;
}

static fv_status on_step(void *user, const fv_step_report *report) {
    watch *w = user;
    w->steps++;
    if (w->stop_at && report->step == w->stop_at) fv_stop_request();
    return w->fail_at && report->step == w->fail_at ? FV_UNSUPPORTED : FV_OK;
}

static fv_status on_epoch(void *user, const fv_epoch_report *report) {
    watch *w = user;
    w->loss = report->val_loss, w->top1 = report->val_top1;
    w->trained = report->loss;
    w->epochs = report->epoch;
    return FV_OK;
}

fv_status small_fit(fv_model *model, fv_fit_args args, watch *w) {
    fv_dataset *set = small_set(CLASSES);
    args.callback = (fv_callback){.user = w, .on_step = on_step, .on_epoch = on_epoch};
    args.batch_size = args.batch_size ? args.batch_size : 16;
    args.threads = args.threads ? args.threads : args.resume ? 0 : 2;
    fv_status status = fv_fit_with(model, set, set, &args);
    fv_stop_clear();
    fv_dataset_free(set);
    return status;
}

void assert_same_weights(const fv_model *a, const fv_model *b) {
    for (int i = 0; i < a->n_params; i++) {
        size_t count = fv_shape_count(&a->params[i].info.shape);
        float *x = fv_alloc(2 * count, sizeof(float));
        assert_int_equal(fv_param_read(&a->params[i], x), FV_OK);
        assert_int_equal(fv_param_read(&b->params[i], x + count), FV_OK);
        assert_memory_equal(x, x + count, count * sizeof(float));
        fv_free(x);
    }
}
