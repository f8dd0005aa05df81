#include "train/course.h"

#include "ops/loss.h"
#include "optim/optim.h"
#include "optim/schedule.h"

#include <stdio.h>
#include <string.h>

enum { PATH = 128, VALUE = 64 };

/* ---- Writing: defaults are filled in, so that leaving one out is the same as giving it ----------------------------- */

static json_t *floats(const float *numbers, int n) {
    json_t *array = json_array();
    for (int i = 0; i < n; i++) array = fv_json_and(array, json_real((double)numbers[i]));
    return array;
}

static json_t *optimizer_to_json(const fv_optimizer *optimizer) {
    fv_optimizer o = fv_optimizer_resolved(optimizer);
    double value;
    const char *name;
    json_t *object = fv_json_with(json_object(), "kind", json_string(fv_optimizer_rule(&o)));
    for (int i = 0; (name = fv_optimizer_option(&o, i, &value)); i++)
        object = fv_json_with(object, name, json_real(value));
    object = fv_json_with(object, "weight_decay_by", json_string(o.weight_decay_by ? o.weight_decay_by : ""));
    return fv_json_with(object, "l1_by", json_string(o.l1_by ? o.l1_by : ""));
}

/* The C code behind an own schedule is not seen. */
static json_t *schedule_to_json(const fv_schedule *schedule) {
    char text[FV_OPTIONS_TEXT];
    fv_schedule_write(schedule, text, sizeof text);
    return json_string(text);
}

static json_t *loss_to_json(const fv_trainer *trainer) {
    const fv_loss loss = trainer->loss;
    json_t *object = fv_json_with(json_object(), "kind", json_string(fv_loss_kind_name(loss.kind)));
    object = fv_json_with(object, "label_smoothing", json_real((double)loss.label_smoothing));
    object = fv_json_with(object, "pos_weight", json_real((double)loss.pos_weight));
    object = fv_json_with(object, "gamma", json_real((double)loss.gamma));
    object = fv_json_with(object, "alpha", json_real((double)loss.alpha));
    object = fv_json_with(object, "ignore_index", loss.ignore ? json_integer(loss.ignore_index) : json_null());
    object = fv_json_with(object, "weight", json_real((double)loss.weight));
    return fv_json_with(object, "class_weights",
                        loss.class_weights ? floats(loss.class_weights, trainer->classes) : json_array());
}

static json_t *preprocess_to_json(const fv_preprocess *p) {
    json_t *object = fv_json_with(json_object(), "channels", json_integer(p->channels));
    object = fv_json_with(object, "resize", json_integer(p->resize));
    object = fv_json_with(object, "decode", json_integer(p->decode));
    object = fv_json_with(object, "background", json_integer(p->background));
    object = fv_json_with(object, "mean", floats(p->mean, 4));
    return fv_json_with(object, "std", floats(p->std, 4));
}

static json_t *parts_to_json(const fv_fit_args *args) {
    json_t *array = json_array();
    for (int i = 0; i < args->n_parts; i++) {
        json_t *part = fv_json_with(json_object(), "name", json_string(args->parts[i].name));
        part = fv_json_with(part, "frozen", json_boolean(args->parts[i].frozen));
        array = fv_json_and(array, fv_json_with(part, "lr_scale", json_real((double)args->parts[i].lr_scale)));
    }
    return array;
}

json_t *fv_course_to_json(const fv_trainer *trainer, const fv_fit_args *args, size_t images) {
    const fv_model *model = trainer->session.model;
    json_t *object = fv_json_with(json_object(), "network", json_string(fv_model_network(model)));
    object = fv_json_with(object, "images", json_integer((json_int_t)images));
    object = fv_json_with(object, "seed", json_integer((json_int_t)trainer->args.seed));
    object = fv_json_with(object, "epochs", json_integer(args->epochs ? args->epochs : FV_FIT_EPOCHS));
    object = fv_json_with(object, "batch_size", json_integer(trainer->args.batch_size));
    if (args->precision != FV_F32) /* which runs had before there was another */
        object = fv_json_with(object, "precision", json_string(fv_precision_name((int)args->precision)));
    object = fv_json_with(object, "augment", json_string(args->augment ? args->augment : ""));
    object = fv_json_with(object, "mixup", json_real((double)args->mixup));
    object = fv_json_with(object, "cutmix", json_real((double)args->cutmix));
    object = fv_json_with(object, "balanced", json_boolean(args->balanced));
    object = fv_json_with(object, "best", json_string(args->best ? args->best : "top1"));
    object = fv_json_with(object, "early_stop", json_integer(args->early_stop));
    object = fv_json_with(object, "min_delta", json_real((double)args->min_delta));
    object = fv_json_with(object, "parts", parts_to_json(args));
    object = fv_json_with(object, "unfreeze_at", json_integer(args->unfreeze_at));
    object = fv_json_with(object, "optimizer", optimizer_to_json(&trainer->args.optimizer));
    object = fv_json_with(object, "schedule", schedule_to_json(&args->schedule));
    object = fv_json_with(object, "warmup", json_integer((json_int_t)args->schedule.warmup));
    object = fv_json_with(object, "accumulate", json_integer(args->accumulate ? args->accumulate : 1));
    object = fv_json_with(object, "ema", json_real((double)args->ema));
    object = fv_json_with(object, "loss", loss_to_json(trainer));
    return fv_json_with(object, "preprocess", preprocess_to_json(&model->preprocess));
}

/* ---- Comparing ----------------------------------------------------------------------------------------------------- */

static fv_status compare(const char *where, const char *path, const json_t *started, const json_t *now);

static fv_status differ(const char *where, const char *path, const json_t *started, const json_t *now) {
    char was[VALUE] = "none", is[VALUE] = "none";
    if (started) fv_json_describe(started, was, sizeof was);
    if (now) fv_json_describe(now, is, sizeof is);
    return fv_fail(FV_BAD_ARGUMENT, "%s: the run was started with %s %s, not %s: go on as it began, or begin a new one",
                   where, path, was, is);
}

static fv_status compare_objects(const char *where, const char *path, const json_t *started, const json_t *now) {
    char inner[PATH];
    const char *key;
    json_t *value;
    union {
        const json_t *in;
        json_t *out; /* which jansson wants even to look at its keys */
    } both[] = {{started}, {now}};
    for (size_t i = 0; i < 2; i++) /* each has to have what the other has */
        json_object_foreach(both[i].out, key, value) {
            snprintf(inner, sizeof inner, "%.60s%s%.60s", path, *path ? "." : "", key);
            FV_TRY(compare(where, inner, json_object_get(started, key), json_object_get(now, key)));
        }
    return FV_OK;
}

static fv_status compare_arrays(const char *where, const char *path, const json_t *started, const json_t *now) {
    if (json_array_size(started) != json_array_size(now)) return differ(where, path, started, now);
    for (size_t i = 0; i < json_array_size(now); i++) {
        char inner[PATH];
        snprintf(inner, sizeof inner, "%.100s[%zu]", path, i);
        FV_TRY(compare(where, inner, json_array_get(started, i), json_array_get(now, i)));
    }
    return FV_OK;
}

/* A NULL is a value that is not there. Depth is bounded by what fv_json_parse lets through. */
static fv_status compare(const char *where, const char *path, const json_t *started, const json_t *now) {
    if (json_is_object(started) && json_is_object(now)) return compare_objects(where, path, started, now);
    if (json_is_array(started) && json_is_array(now)) return compare_arrays(where, path, started, now);
    return started && now && json_equal(started, now) ? FV_OK : differ(where, path, started, now);
}

fv_status fv_course_check(const char *where, const json_t *started, const json_t *now) {
    return compare(where, "", started, now);
}
