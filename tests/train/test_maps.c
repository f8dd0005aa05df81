/* A run whose maps are made again in the backward pass is the run that keeps them, to the last bit, and may be resumed as the
 * other. */
#include "engine/build.h"
#include "fovea/fovea.h"
#include "support/unit.h"
#include "train/small.h"
#include "train/trainer.h"

/* Residual blocks, whose ends are made one from another. */
static fv_model *residual_model(void) {
    fv_graph *g = fv_graph_new("residual");
    fv_value *x = fv_input(g, 1, SIDE, SIDE);
    x = fv_relu(fv_batch_norm(fv_conv2d(x, "stem", 16, 3, .pad = 1), "bn"));
    for (int i = 0; i < 3; i++) {
        fv_scope(g, "block%d", i);
        fv_value *y = fv_relu(fv_batch_norm(fv_conv2d(x, "conv1", 16, 1), "bn1"));
        x = fv_relu(fv_add(fv_batch_norm(fv_conv2d(y, "conv2", 16, 3, .pad = 1), "bn2"), x));
        fv_unscope(g);
    }
    x = fv_dropout(fv_flatten(fv_global_avg_pool(x)), 0.2f);
    fv_model *model = fv_model_new(fv_linear(x, "fc", CLASSES), .seed = 3);
    if (!model) fail_msg("%s", fv_error());
    return model;
}

static void test_there_is_something_to_make_again(void **state) {
    (void)state;
    fv_model *model = residual_model();
    fv_trainer *trainer = fv_trainer_new(model, .batch_size = 16, .threads = 2, .maps = FV_MAPS_AGAIN);
    int copies = 0;
    for (int s = 0; trainer && s < trainer->last->n_steps; s++) copies += trainer->last->steps[s]->node->again;
    assert_true(copies > 2);
    fv_trainer_free(trainer);
    fv_model_free(model);
}

/* Stopped within the second epoch as `first` and gone on with as `then`; first == then == FV_MAPS_AUTO: not stopped. */
static fv_model *run(const char *folder, fv_maps first, fv_maps then) {
    fv_fit_args args = {
        .optimizer = fv_momentum(.lr = 0.05f), .epochs = 3, .seed = 5, .save_dir = folder, .maps = first};
    if (first || then) {
        fv_model *stopped = residual_model();
        assert_int_equal(small_fit(stopped, args, &(watch){.stop_at = 6}), FV_STOPPED);
        fv_model_free(stopped);
        args.resume = true, args.maps = then;
    }
    fv_model *model = residual_model();
    if (small_fit(model, args, &(watch){0}) != FV_OK) fail_msg("%s", fv_error());
    return model;
}

static void test_resumed_either_way(void **state) {
    (void)state;
    static const fv_maps ways[][2] = {
        {FV_MAPS_AGAIN, FV_MAPS_AGAIN}, {FV_MAPS_AGAIN, FV_MAPS_KEPT}, {FV_MAPS_KEPT, FV_MAPS_AGAIN}};
    fv_model *whole = run(temporary("whole"), FV_MAPS_AUTO, FV_MAPS_AUTO);
    for (int i = 0; i < FV_COUNT(ways); i++) {
        fv_model *model = run(temporary("run-%d", i), ways[i][0], ways[i][1]);
        assert_same_weights(whole, model);
        fv_model_free(model);
    }
    fv_model_free(whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_is_something_to_make_again),
        cmocka_unit_test(test_resumed_either_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
