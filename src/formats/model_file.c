/* The model file: one .safetensors with the weights, and in its metadata key "fovea" a JSON document with everything else
 * that prediction needs (docs/files.md). */
#include "formats/model_file.h"
#include "core/memory.h"
#include "engine/model.h"
#include "formats/graph_json.h"
#include "formats/json.h"
#include "formats/params.h"

#include <limits.h>
#include <string.h>

enum { FORMAT_VERSION = 1 };

/* ---- The document ------------------------------------------------------------------------------------------------- */

static const char *const channel_names[] = {
    [FV_CHANNELS_DEFAULT] = "default", [FV_RGB] = "rgb", [FV_BGR] = "bgr", [FV_GRAY] = "gray"};
static const char *const resize_names[] = {
    [FV_RESIZE_DEFAULT] = "pil", [FV_RESIZE_PIL] = "pil", [FV_RESIZE_CV2] = "cv2"};
static const char *const decode_names[] = {
    [FV_DECODE_DEFAULT] = "exact", [FV_DECODE_EXACT] = "exact", [FV_DECODE_FAST] = "fast"};

static json_t *background_to_json(const fv_preprocess *p) {
    uint32_t color = p->background ? p->background : FV_WHITE;
    json_t *array = json_array();
    for (int shift = 16; shift >= 0; shift -= 8) array = fv_json_and(array, json_integer(color >> shift & 255));
    return array;
}

static json_t *preprocessing_to_json(const fv_model *model) {
    const fv_preprocess *p = &model->preprocess;
    int input[3];
    fv_model_input(model, &input[0], &input[1], &input[2]);
    json_t *sizes = json_array(), *mean = json_array(), *std = json_array();
    for (int i = 0; i < 3; i++) sizes = fv_json_and(sizes, json_integer(input[i]));
    for (int i = 0; i < input[0] && i < 4; i++) {
        mean = fv_json_and(mean, json_real((double)p->mean[i]));
        std = fv_json_and(std, json_real(p->std[i] == 0 ? 1 : (double)p->std[i]));
    }
    json_t *object = fv_json_with(json_object(), "input", sizes);
    object = fv_json_with(object, "channels", json_string(channel_names[p->channels]));
    object = fv_json_with(object, "resize", json_string(resize_names[p->resize]));
    object = fv_json_with(object, "decode", json_string(decode_names[p->decode]));
    object = fv_json_with(object, "background", background_to_json(p));
    object = fv_json_with(object, "mean", mean);
    return fv_json_with(object, "std", std);
}

static json_t *classes_to_json(const fv_model *model) {
    json_t *classes = json_array();
    for (int i = 0; i < fv_model_classes(model); i++) classes = fv_json_and(classes, json_string(model->classes[i]));
    return classes;
}

/* NULL if memory ran out. */
static json_t *document(const fv_model *model) {
    json_t *root = fv_json_with(json_object(), "version", json_integer(FORMAT_VERSION));
    root = fv_json_with(root, "network", json_string(fv_model_network(model)));
    root = fv_json_with(root, "classes", classes_to_json(model));
    root = fv_json_with(root, "positive", json_integer(model->positive));
    root = fv_json_with(root, "threshold", json_real((double)model->threshold));
    root = fv_json_with(root, "preprocessing", preprocessing_to_json(model));
    if (model->training)
        root = fv_json_with(root, "training", fv_json_parse(model->training, strlen(model->training), "training"));
    root = fv_json_with(root, "graph", fv_graph_to_json(model->graph, model->logits));
    if (!root) fv_fail(FV_NO_MEMORY, "out of memory while describing the model %s", fv_model_network(model));
    return root;
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

/* Files of before it was stored have none: the default. */
static fv_status background_from_json(const char *where, const json_t *object, uint32_t *background) {
    int color[3];
    size_t n;
    if (!json_object_get(object, "background")) return FV_OK;
    FV_TRY(fv_json_ints(where, object, "background", 0, 255, color, 3, &n));
    if (n != 3) return fv_fail(FV_BAD_DATA, "%s: \"background\" must be three numbers: red, green, blue", where);
    *background = FV_BACKGROUND(color[0], color[1], color[2]);
    return FV_OK;
}

static fv_status preprocessing_from_json(const char *where, const json_t *root, fv_preprocess *preprocess) {
    const json_t *object;
    const char *channels, *resize, *decode;
    double mean[4], std[4];
    size_t n_mean, n_std;
    FV_TRY(fv_json_object(where, root, "preprocessing", &object));
    FV_TRY(fv_json_string(where, object, "channels", &channels));
    FV_TRY(fv_json_string(where, object, "resize", &resize));
    FV_TRY(fv_json_string(where, object, "decode", &decode));
    FV_TRY(fv_json_numbers(where, object, "mean", -1e6, 1e6, mean, 4, &n_mean));
    FV_TRY(fv_json_numbers(where, object, "std", 1e-9, 1e6, std, 4, &n_std));
    int c = find_name(channels, channel_names, FV_COUNT(channel_names)),
        r = find_name(resize, resize_names, FV_COUNT(resize_names)),
        d = find_name(decode, decode_names, FV_COUNT(decode_names));
    if (c < 0 || r < 0 || d < 0)
        return fv_fail(FV_UNSUPPORTED,
                       "%s: preprocessing by channels \"%s\", resize \"%s\", decode \"%s\" is not known", where,
                       channels, resize, decode);
    *preprocess = (fv_preprocess){.channels = (fv_channels)c, .resize = (fv_resize)r, .decode = (fv_decode)d};
    for (size_t i = 0; i < n_mean; i++) preprocess->mean[i] = (float)mean[i];
    for (size_t i = 0; i < n_std; i++) preprocess->std[i] = (float)std[i];
    return background_from_json(where, object, &preprocess->background);
}

static fv_status classes_from_json(const char *where, const json_t *root, fv_model *model) {
    const json_t *array = json_object_get(root, "classes"); /* checked before */
    int positive, n = fv_model_classes(model);
    FV_TRY(fv_json_int(where, root, "positive", 0, n - 1, &positive));
    const char **names = FV_NEW_N(const char *, (size_t)n);
    if (!names) return FV_NO_MEMORY;
    fv_status status = FV_OK;
    for (int i = 0; i < n && status == FV_OK; i++)
        if (!(names[i] = json_string_value(json_array_get(array, (size_t)i))))
            status = fv_fail(FV_BAD_DATA, "%s: class %d has no name", where, i);
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
    fv_preprocess preprocess;
    FV_TRY(fv_json_string(where, root, "network", &network));
    if (!(model->network = fv_strdup(network))) return FV_NO_MEMORY;
    FV_TRY(classes_from_json(where, root, model));
    FV_TRY(fv_json_number(where, root, "threshold", 0, 1, &threshold));
    if (fv_model_set_threshold(model, (float)threshold) != FV_OK) return fv_fail_in(FV_BAD_DATA, "%s", where);
    FV_TRY(preprocessing_from_json(where, root, &preprocess));
    FV_TRY(fv_model_set_preprocess(model, &preprocess));
    return training_from_json(root, model);
}

static fv_status check_version(const char *where, const json_t *root) {
    int version;
    FV_TRY(fv_json_int(where, root, "version", 1, INT_MAX, &version));
    if (version <= FORMAT_VERSION) return FV_OK;
    return fv_fail(FV_UNSUPPORTED, "%s: version %d: this fovea reads up to %d", where, version, FORMAT_VERSION);
}

/* ---- Saving ---------------------------------------------------------------------------------------------------------- */

fv_status fv_model_save(const fv_model *model, const char *path) {
    if (!model) return fv_last_status();
    char *text = document_text(model);
    fv_tensor_entry *entries = text ? FV_NEW_N(fv_tensor_entry, (size_t)model->n_params) : NULL;
    fv_status status = entries ? FV_OK : FV_NO_MEMORY;
    for (int i = 0; i < model->n_params && status == FV_OK; i++)
        status = fv_param_entry(&model->params[i], "", &entries[i]);
    if (status == FV_OK)
        status = fv_safetensors_write(path, entries, (size_t)model->n_params, &(fv_keyval){"fovea", text}, 1);
    for (int i = 0; entries && i < model->n_params; i++) fv_free((char *)entries[i].name);
    fv_free(entries);
    fv_free(text);
    return status;
}

/* ---- Loading --------------------------------------------------------------------------------------------------------- */

/* A parameter of the graph; false: there is none of that name. */
static bool is_parameter(const fv_graph *graph, const char *name) {
    for (int id = 0; id < graph->n_nodes; id++)
        if (graph->nodes[id]->op == &fv_parameter_op && strcmp(graph->nodes[id]->name, name) == 0) return true;
    return false;
}

/* The file holds the tensors of the graph's parameters and no other. Before a model is made of a graph from the same file,
 * because its parameters cost what the graph claims. */
static fv_status check_weights(const fv_graph *graph, const fv_safetensors *file, const char *path) {
    size_t n = 0;
    for (int id = 0; id < graph->n_nodes; id++) {
        const fv_node *node = graph->nodes[id];
        if (node->op != &fv_parameter_op) continue;
        FV_TRY(fv_param_check(node->name, &node->out[0].shape, "", file, path));
        n++;
    }
    if (fv_safetensors_count(file) == n) return FV_OK;
    const char *extra = NULL;
    for (size_t i = 0; i < fv_safetensors_count(file) && !extra; i++)
        if (!is_parameter(graph, fv_safetensors_at(file, i)->name)) extra = fv_safetensors_at(file, i)->name;
    return fv_fail(FV_BAD_DATA, "%s: tensor \"%s\" is none of the network's: these are another network's weights", path,
                   extra);
}

fv_status fv_model_load_weights(fv_model *model, const char *path) {
    if (!model) return fv_last_status();
    fv_safetensors *file = fv_safetensors_open(path);
    if (!file) return fv_last_status();
    fv_status status = check_weights(model->graph, file, path);
    if (status == FV_OK) status = fv_params_replace(model->params, model->n_params, "", file, NULL);
    fv_safetensors_free(file);
    return status;
}

/* Names of classes cost memory too: as many as the file names, no more. */
static fv_status check_classes(const char *where, const json_t *root, const fv_value *logits) {
    const json_t *array;
    int outputs = logits->shape.rank == 2 ? logits->shape.dim[1] : 0;
    FV_TRY(fv_json_array(where, root, "classes", &array));
    if (outputs == 0 || json_array_size(array) == (size_t)(outputs == 1 ? 2 : outputs)) return FV_OK;
    return fv_fail(FV_BAD_DATA, "%s: %zu classes are named, and the network has %d logits", where,
                   json_array_size(array), outputs);
}

/* A model as the document describes it, its parameters still zeros. */
static fv_model *model_from_json(const char *where, const json_t *root, const fv_safetensors *file, const char *path) {
    const json_t *graph;
    if (check_version(where, root) || fv_json_object(where, root, "graph", &graph)) return NULL;
    fv_value *logits = fv_graph_from_json(graph, where);
    if (!logits) return NULL;
    if (check_classes(where, root, logits) || check_weights(fv_value_graph(logits), file, path)) {
        fv_graph_free(fv_value_graph(logits));
        return NULL;
    }
    fv_model *model = fv_model_new_with(logits, NULL);
    if (!model) {
        fv_fail_in(fv_last_status(), "%s", where);
        return NULL;
    }
    if (describe(where, root, model) == FV_OK) return model;
    fv_model_free(model);
    return NULL;
}

static fv_status take_weights(fv_model *model, const fv_safetensors *file) {
    for (int i = 0; i < model->n_params; i++) FV_TRY(fv_param_take(&model->params[i], "", file));
    return FV_OK;
}

/* The document; its name for messages, "FILE: metadata", is the caller's to free. NULL on failure. */
static json_t *read_document(const char *text, const char *path, char **where) {
    *where = fv_format("%s: metadata", path);
    return *where ? fv_json_parse(text, strlen(text), *where) : NULL;
}

fv_status fv_model_file_preprocess(const fv_safetensors *file, const char *path, fv_preprocess *preprocess) {
    const char *text = fv_safetensors_metadata(file, "fovea");
    if (!text) return FV_OK;
    char *where;
    json_t *root = read_document(text, path, &where);
    fv_status status = root ? check_version(where, root) : fv_last_status();
    if (status == FV_OK) status = preprocessing_from_json(where, root, preprocess);
    json_decref(root);
    fv_free(where);
    return status;
}

static fv_model *model_from_file(const fv_safetensors *file, const char *path) {
    const char *text = fv_safetensors_metadata(file, "fovea");
    if (!text) {
        fv_fail(FV_BAD_DATA,
                "%s: holds weights but not a fovea model: train from them with fovea train MODEL --pretrained %s", path,
                path);
        return NULL;
    }
    char *where;
    json_t *root = read_document(text, path, &where);
    fv_model *model = root ? model_from_json(where, root, file, path) : NULL;
    json_decref(root);
    fv_free(where);
    if (!model || take_weights(model, file) == FV_OK) return model;
    fv_model_free(model);
    return NULL;
}

fv_model *fv_model_load(const char *path) {
    fv_safetensors *file = fv_safetensors_open(path);
    fv_model *model = file ? model_from_file(file, path) : NULL;
    fv_safetensors_free(file);
    return model;
}

fv_model *fv_model_parse(const void *bytes, size_t count, const char *name) {
    fv_safetensors *file = fv_safetensors_parse(bytes, count, name);
    fv_model *model = file ? model_from_file(file, name) : NULL;
    fv_safetensors_free(file);
    return model;
}
