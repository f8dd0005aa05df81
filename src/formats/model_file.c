/* The model file: one .safetensors with the weights, and in its metadata key "fovea" a JSON document with everything else
 * that prediction needs (docs/files.md). */
#include "core/memory.h"
#include "engine/model.h"
#include "formats/graph_json.h"
#include "formats/json.h"
#include "formats/params.h"

#include <string.h>

enum { FORMAT_VERSION = 1 };

/* ---- The document ------------------------------------------------------------------------------------------------- */

static const char *const channel_names[] = {[FV_CHANNELS_DEFAULT] = "default", [FV_RGB] = "rgb", [FV_BGR] = "bgr", [FV_GRAY] = "gray"};
static const char *const resize_names[] = {[FV_RESIZE_DEFAULT] = "pil", [FV_RESIZE_PIL] = "pil", [FV_RESIZE_CV2] = "cv2"};

static json_t *preprocessing_to_json(const fv_model *model) {
    const fv_preprocess *p = &model->preprocess;
    int c, h, w;
    fv_model_input(model, &c, &h, &w);
    json_t *mean = json_array(), *std = json_array();
    for (int i = 0; i < c && i < 4; i++) {
        json_array_append_new(mean, json_real((double)p->mean[i]));
        json_array_append_new(std, json_real(p->std[i] == 0 ? 1 : (double)p->std[i]));
    }
    return json_pack("{s:[i,i,i], s:s, s:s, s:s, s:o, s:o}", "input", c, h, w, "channels", channel_names[p->channels], "resize",
                     resize_names[p->resize], "decode", "exact", "mean", mean, "std", std);
}

static json_t *classes_to_json(const fv_model *model) {
    json_t *classes = json_array();
    for (int i = 0; i < fv_model_classes(model); i++)
        if (json_array_append_new(classes, json_string(model->classes[i]))) {
            json_decref(classes);
            return NULL;
        }
    return classes;
}

/* NULL if memory ran out. */
static json_t *document(const fv_model *model) {
    json_t *root = json_object();
    int failed = json_object_set_new(root, "version", json_integer(FORMAT_VERSION));
    failed |= json_object_set_new(root, "network", json_string(fv_model_network(model)));
    failed |= json_object_set_new(root, "classes", classes_to_json(model));
    failed |= json_object_set_new(root, "positive", json_integer(model->positive));
    failed |= json_object_set_new(root, "threshold", json_real((double)model->threshold));
    failed |= json_object_set_new(root, "preprocessing", preprocessing_to_json(model));
    if (model->training) failed |= json_object_set_new(root, "training", json_loads(model->training, 0, NULL));
    failed |= json_object_set_new(root, "graph", fv_graph_to_json(model->graph, model->logits));
    if (!failed) return root;
    json_decref(root);
    fv_fail(FV_NO_MEMORY, "out of memory while describing the model %s", fv_model_network(model));
    return NULL;
}

static char *document_text(const fv_model *model) {
    json_t *root = document(model);
    char *text = root ? fv_json_dump(root) : NULL;
    json_decref(root);
    return text;
}

/* The index of a name in a table; -1: none. */
static int find_name(const char *name, const char *const *names, int count) {
    for (int i = count - 1; i >= 0; i--)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

static fv_status preprocessing_from_json(const char *where, const json_t *root, fv_model *model) {
    const json_t *object;
    const char *channels, *resize;
    double mean[4], std[4];
    size_t n_mean, n_std;
    FV_TRY(fv_json_object(where, root, "preprocessing", &object));
    FV_TRY(fv_json_string(where, object, "channels", &channels));
    FV_TRY(fv_json_string(where, object, "resize", &resize));
    FV_TRY(fv_json_numbers(where, object, "mean", -1e6, 1e6, mean, 4, &n_mean));
    FV_TRY(fv_json_numbers(where, object, "std", 1e-9, 1e6, std, 4, &n_std));
    int c = find_name(channels, channel_names, FV_COUNT(channel_names)), r = find_name(resize, resize_names, FV_COUNT(resize_names));
    if (c < 0 || r < 0) return fv_fail(FV_UNSUPPORTED, "%s: preprocessing by channels \"%s\", resize \"%s\" is not known", where, channels, resize);
    fv_preprocess preprocess = {.channels = (fv_channels)c, .resize = (fv_resize)r};
    for (size_t i = 0; i < n_mean; i++) preprocess.mean[i] = (float)mean[i];
    for (size_t i = 0; i < n_std; i++) preprocess.std[i] = (float)std[i];
    return fv_model_set_preprocess(model, &preprocess);
}

static fv_status classes_from_json(const char *where, const json_t *root, fv_model *model) {
    const json_t *array;
    int positive, n = fv_model_classes(model);
    FV_TRY(fv_json_array(where, root, "classes", &array));
    FV_TRY(fv_json_int(where, root, "positive", 0, n - 1, &positive));
    if (json_array_size(array) != (size_t)n)
        return fv_fail(FV_BAD_DATA, "%s: %zu classes named for a network with %d", where, json_array_size(array), n);
    const char **names = FV_NEW_N(const char *, (size_t)n);
    if (!names) return FV_NO_MEMORY;
    fv_status status = FV_OK;
    for (int i = 0; i < n && status == FV_OK; i++)
        if (!(names[i] = json_string_value(json_array_get(array, (size_t)i)))) status = fv_fail(FV_BAD_DATA, "%s: class %d has no name", where, i);
    if (status == FV_OK) status = fv_model_set_classes(model, names, n, positive);
    fv_free(names);
    return status;
}

static fv_status training_from_json(const json_t *root, fv_model *model) {
    const json_t *training = json_object_get(root, "training");
    if (!json_is_object(training)) return FV_OK;
    model->training = fv_json_dump(training);
    return model->training ? FV_OK : FV_NO_MEMORY;
}

/* All of the document but the graph, into a model made of it. */
static fv_status describe(const char *where, const json_t *root, fv_model *model) {
    double threshold;
    const char *network;
    FV_TRY(fv_json_string(where, root, "network", &network));
    if (!(model->network = fv_strdup(network))) return FV_NO_MEMORY;
    FV_TRY(classes_from_json(where, root, model));
    FV_TRY(fv_json_number(where, root, "threshold", 1e-6, 1 - 1e-6, &threshold));
    FV_TRY(fv_model_set_threshold(model, (float)threshold));
    FV_TRY(preprocessing_from_json(where, root, model));
    return training_from_json(root, model);
}

static fv_model *model_from_json(const char *where, const json_t *root) {
    int version;
    const json_t *graph;
    if (fv_json_int(where, root, "version", 1, 1000000, &version)) return NULL;
    if (version > FORMAT_VERSION) {
        fv_fail(FV_UNSUPPORTED, "%s: version %d: this fovea reads up to %d", where, version, FORMAT_VERSION);
        return NULL;
    }
    if (fv_json_object(where, root, "graph", &graph)) return NULL;
    fv_model *model = fv_model_new_with(fv_graph_from_json(graph, where), NULL);
    if (!model || describe(where, root, model) == FV_OK) return model;
    fv_model_free(model);
    return NULL;
}

/* ---- Saving ---------------------------------------------------------------------------------------------------------- */

fv_status fv_model_save(const fv_model *model, const char *path) {
    if (!model) return fv_last_status();
    char *text = document_text(model);
    fv_tensor_entry *entries = text ? FV_NEW_N(fv_tensor_entry, (size_t)model->n_params) : NULL;
    fv_status status = entries ? FV_OK : FV_NO_MEMORY;
    for (int i = 0; i < model->n_params && status == FV_OK; i++) status = fv_param_entry(&model->params[i], "", &entries[i]);
    if (status == FV_OK)
        status = fv_safetensors_write(path, entries, (size_t)model->n_params, &(fv_keyval){"fovea", text}, 1);
    for (int i = 0; entries && i < model->n_params; i++) fv_free((char *)entries[i].name);
    fv_free(entries);
    fv_free(text);
    return status;
}

/* ---- Loading --------------------------------------------------------------------------------------------------------- */

static fv_status check_weights(const fv_model *model, const fv_safetensors *file, const char *path) {
    for (int i = 0; i < model->n_params; i++) FV_TRY(fv_param_check(&model->params[i], "", file, path));
    if (fv_safetensors_count(file) == (size_t)model->n_params) return FV_OK;
    for (size_t i = 0; i < fv_safetensors_count(file); i++) {
        const char *name = fv_safetensors_at(file, i)->name;
        if (!fv_model_param(model, name))
            return fv_fail(FV_BAD_DATA, "%s: tensor \"%s\" is none of the network's: these are another network's weights", path, name);
    }
    return FV_OK;
}

static fv_status take_weights(fv_model *model, const fv_safetensors *file, const char *path) {
    FV_TRY(check_weights(model, file, path));
    for (int i = 0; i < model->n_params; i++) FV_TRY(fv_param_take(&model->params[i], "", file));
    return FV_OK;
}

fv_status fv_model_load_weights(fv_model *model, const char *path) {
    if (!model) return fv_last_status();
    fv_safetensors *file = fv_safetensors_open(path);
    if (!file) return fv_last_status();
    fv_status status = take_weights(model, file, path);
    fv_safetensors_free(file);
    return status;
}

static fv_model *model_from_file(const fv_safetensors *file, const char *path) {
    const char *text = fv_safetensors_metadata(file, "fovea");
    if (!text) {
        fv_fail(FV_BAD_DATA, "%s: holds weights but not a fovea model: load them into a network instead", path);
        return NULL;
    }
    char *where = fv_format("%s: metadata", path);
    json_t *root = where ? fv_json_parse(text, strlen(text), where) : NULL;
    fv_model *model = root ? model_from_json(where, root) : NULL;
    json_decref(root);
    fv_free(where);
    if (!model || take_weights(model, file, path) == FV_OK) return model;
    fv_model_free(model);
    return NULL;
}

fv_model *fv_model_load(const char *path) {
    fv_safetensors *file = fv_safetensors_open(path);
    fv_model *model = file ? model_from_file(file, path) : NULL;
    fv_safetensors_free(file);
    return model;
}
