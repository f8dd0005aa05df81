#include "engine/model.h"

#include "core/memory.h"
#include "core/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Life --------------------------------------------------------------------------------------------------------- */

/* Parameters that are zero only take addresses: what the others need must be there before the first is filled. */
static fv_status check_params(const fv_graph *graph) {
    size_t bytes = 0, available = fv_memory_available();
    for (int id = 0; id < graph->n_nodes; id++) {
        const fv_node *node = graph->nodes[id];
        if (node->op == &fv_parameter_op && fv_parameter_of(node)->init.kind != FV_INIT_ZERO)
            bytes += fv_shape_count(&node->out[0].shape) * sizeof(float);
    }
    if (bytes <= available) return FV_OK;
    return fv_fail(FV_NO_MEMORY, "%s: the parameters need %zu MB, and %zu MB are to be had: use a smaller input",
                   graph->name, bytes / 1000000, available / 1000000);
}

static fv_status make_params(fv_model *model, uint64_t seed) {
    fv_graph *graph = model->graph;
    int n = 0;
    FV_TRY(check_params(graph));
    for (int id = 0; id < graph->n_nodes; id++) n += graph->nodes[id]->op == &fv_parameter_op;
    model->params = FV_NEW_N(fv_param, (size_t)n);
    if (!model->params) return FV_NO_MEMORY;
    for (int id = 0; id < graph->n_nodes; id++) {
        fv_node *node = graph->nodes[id];
        if (node->op != &fv_parameter_op) continue;
        fv_param *param = &model->params[model->n_params];
        FV_TRY(fv_param_init(param, node->name, fv_parameter_of(node), seed));
        node->param = param;
        model->n_params++;
    }
    return FV_OK;
}

/* "0", "1", ... until somebody knows better. */
static fv_status number_classes(fv_model *model) {
    int count = fv_model_classes(model);
    model->classes = FV_NEW_N(char *, (size_t)count);
    for (int i = 0; model->classes && i < count; i++)
        if (!(model->classes[i] = fv_format("%d", i))) return FV_NO_MEMORY;
    return model->classes ? FV_OK : FV_NO_MEMORY;
}

static fv_status check_logits(const fv_value *logits) {
    if (logits->shape.rank == 2 && logits->node->graph->input) return FV_OK;
    char text[64];
    return fv_fail(FV_BAD_ARGUMENT,
                   "%s: logits of shape %s: must be [N,K], from fv_flatten and fv_linear on the graph's input",
                   logits->node->graph->name, fv_shape_text(&logits->shape, true, text));
}

static fv_status check_auxiliary(const fv_value *logits) {
    const fv_graph *graph = logits->node->graph;
    char own[64], other[64];
    for (int i = 0; i < graph->n_auxiliary; i++) {
        const fv_value *head = graph->auxiliary[i].logits;
        if (!fv_shape_equal(&head->shape, &logits->shape))
            return fv_fail_node(FV_BAD_ARGUMENT, head->node, "an auxiliary head of shape %s beside logits of shape %s",
                                fv_shape_text(&head->shape, true, other), fv_shape_text(&logits->shape, true, own));
    }
    return FV_OK;
}

static void mark_used(const fv_value *logits) {
    const fv_graph *graph = logits->node->graph;
    logits->node->used = true;
    for (int id = graph->n_nodes - 1; id >= 0; id--)
        for (int i = 0; i < graph->nodes[id]->n_in && graph->nodes[id]->used; i++)
            graph->nodes[id]->in[i]->node->used = true;
}

fv_model *fv_model_new_with(fv_value *logits, const fv_model_args *args) {
    if (!logits) return NULL;
    fv_model *model = FV_NEW(fv_model);
    if (!model) {
        fv_graph_free(logits->node->graph);
        return NULL;
    }
    *model = (fv_model){.graph = logits->node->graph, .logits = logits, .positive = 1, .threshold = 0.5f};
    pthread_mutex_init(&model->lock, NULL);
    mark_used(logits);
    fv_status status = check_logits(logits);
    if (status == FV_OK) status = check_auxiliary(logits);
    if (status == FV_OK) status = number_classes(model);
    if (status == FV_OK) status = make_params(model, args ? args->seed : 0);
    if (status == FV_OK) return model;
    fv_model_free(model);
    return NULL;
}

static void free_classes(fv_model *model) {
    for (int i = 0; model->classes && i < fv_model_classes(model); i++) fv_free(model->classes[i]);
    fv_free(model->classes);
    model->classes = NULL;
}

void fv_model_free(fv_model *model) {
    if (!model) return;
    free_classes(model);
    for (int i = 0; i < model->n_params; i++) fv_param_free(&model->params[i]);
    fv_free(model->params);
    fv_free(model->network);
    fv_free(model->training);
    fv_free(model->pretrained);
    fv_graph_free(model->graph);
    pthread_mutex_destroy(&model->lock);
    fv_free(model);
}

/* ---- Asking --------------------------------------------------------------------------------------------------------- */

size_t fv_model_parameters(const fv_model *model) {
    size_t count = 0;
    for (int i = 0; i < model->n_params; i++)
        if (!model->params[i].info.state) count += fv_shape_count(&model->params[i].info.shape);
    return count;
}

size_t fv_model_bytes(const fv_model *model) {
    size_t bytes = 0;
    for (int i = 0; i < model->n_params; i++) bytes += model->params[i].bytes;
    return bytes;
}

static size_t node_macs(const fv_node *node) { return node->op->macs && node->used ? node->op->macs(node) : 0; }

size_t fv_model_macs(const fv_model *model) {
    size_t macs = 0;
    for (int id = 0; id < model->graph->n_nodes; id++) macs += node_macs(model->graph->nodes[id]);
    return macs;
}

void fv_model_input(const fv_model *model, int *channels, int *height, int *width) {
    fv_value_shape(model->graph->input, channels, height, width);
}

const char *fv_model_pretrained(const fv_model *model) { return model->pretrained; }

int fv_model_outputs(const fv_model *model) { return model->logits->shape.dim[1]; }

const char *fv_model_network(const fv_model *model) { return model->network ? model->network : model->graph->name; }

static size_t node_parameters(const fv_node *node) {
    size_t count = 0;
    for (int i = 0; i < node->n_in; i++) {
        const fv_node *leaf = node->in[i]->node;
        if (leaf->op == &fv_parameter_op && !fv_parameter_of(leaf)->state) count += fv_shape_count(&leaf->out[0].shape);
    }
    return count;
}

/* A layer is any node but a parameter. NULL past the last. */
static const fv_node *layer_at(const fv_graph *graph, int index) {
    for (int id = 0; id < graph->n_nodes; id++)
        if (graph->nodes[id]->op != &fv_parameter_op && index-- == 0) return graph->nodes[id];
    return NULL;
}

static int layer_of(const fv_node *node) {
    int index = 0;
    for (int id = 0; id < node->id; id++) index += node->graph->nodes[id]->op != &fv_parameter_op;
    return index;
}

bool fv_model_layer(const fv_model *model, int index, fv_layer_info *info) {
    const fv_node *node = layer_at(model->graph, index);
    if (!node) return false;
    *info = (fv_layer_info){.name = node->name,
                            .op = node->op->name,
                            .parameters = node_parameters(node),
                            .macs = node_macs(node),
                            .auxiliary = !node->used};
    fv_value_shape(&node->out[0], &info->output[0], &info->output[1], &info->output[2]);
    return true;
}

int fv_model_layer_input(const fv_model *model, int index, int which) {
    const fv_node *node = layer_at(model->graph, index);
    for (int i = 0; node && i < node->n_in; i++)
        if (node->in[i]->node->op != &fv_parameter_op && which-- == 0) return layer_of(node->in[i]->node);
    return -1;
}

/* ---- Classes and input ------------------------------------------------------------------------------------------------ */

int fv_model_classes(const fv_model *model) {
    int outputs = fv_model_outputs(model);
    return outputs == 1 ? 2 : outputs;
}

fv_status fv_model_set_classes(fv_model *model, const char *const *names, int count, int positive) {
    if (count != fv_model_classes(model))
        return fv_fail(FV_BAD_ARGUMENT, "%d class names for a network with %d classes", count, fv_model_classes(model));
    if (count == 2 && (positive < 0 || positive > 1))
        return fv_fail(FV_BAD_ARGUMENT, "positive class %d: must be 0 or 1", positive);
    for (int i = 0; i < count; i++)
        if (!fv_is_utf8(names[i]))
            return fv_fail(FV_BAD_ARGUMENT, "class %d, \"%s\": its name must be in UTF-8", i, names[i]);
    char **copy = FV_NEW_N(char *, (size_t)count);
    if (!copy) return FV_NO_MEMORY;
    for (int i = 0; i < count; i++) {
        if ((copy[i] = fv_strdup(names[i]))) continue;
        while (i-- > 0) fv_free(copy[i]);
        fv_free(copy);
        return FV_NO_MEMORY;
    }
    free_classes(model);
    model->classes = copy;
    model->positive = positive;
    return FV_OK;
}

const char *fv_model_class_name(const fv_model *model, int index) {
    return index < 0 || index >= fv_model_classes(model) ? NULL : model->classes[index];
}

fv_status fv_model_set_preprocess(fv_model *model, const fv_preprocess *preprocess) {
    for (int c = 0; c < 4; c++)
        if (!(preprocess->std[c] >= 0) || !isfinite(preprocess->std[c]) || !isfinite(preprocess->mean[c]))
            return fv_fail(FV_BAD_ARGUMENT,
                           "normalisation of channel %d by mean %g, std %g: both must be finite, std above 0", c,
                           (double)preprocess->mean[c], (double)preprocess->std[c]);
    model->preprocess = *preprocess;
    return FV_OK;
}

const char *fv_model_training(const fv_model *model) { return model->training; }
int fv_model_positive(const fv_model *model) { return fv_model_classes(model) == 2 ? model->positive : -1; }
float fv_model_threshold(const fv_model *model) { return model->threshold; }

fv_status fv_model_set_threshold(fv_model *model, float threshold) {
    if (!(threshold > 0 && threshold < 1))
        return fv_fail(FV_BAD_ARGUMENT, "threshold %g: must be above 0 and below 1", (double)threshold);
    model->threshold = threshold;
    return FV_OK;
}

/* ---- Parameters by name --------------------------------------------------------------------------------------------------- */

bool fv_model_parameter(const fv_model *model, int index, fv_parameter_info *info) {
    if (index < 0 || index >= model->n_params) return false;
    const fv_param *param = &model->params[index];
    *info = (fv_parameter_info){.name = param->name, .rank = param->info.shape.rank, .trained = !param->info.state};
    memcpy(info->dims, param->info.shape.dim, sizeof info->dims);
    return true;
}

fv_param *fv_model_param(const fv_model *model, const char *name) {
    for (int i = 0; i < model->n_params; i++)
        if (strcmp(model->params[i].name, name) == 0) return &model->params[i];
    return NULL;
}

/* The parameter, if it has that many elements; NULL with a message otherwise. */
static fv_param *find_sized(const fv_model *model, const char *name, size_t count) {
    fv_param *param = fv_model_param(model, name);
    size_t has = param ? fv_shape_count(&param->info.shape) : 0;
    if (param && has == count) return param;
    if (param)
        fv_fail(FV_BAD_ARGUMENT, "%s: %zu values for parameter \"%s\", which has %zu", fv_model_network(model), count,
                name, has);
    else
        fv_fail(FV_BAD_ARGUMENT, "%s: no parameter named \"%s\"", fv_model_network(model), name);
    return NULL;
}

fv_status fv_model_get(const fv_model *model, const char *name, float *values, size_t count) {
    const fv_param *param = find_sized(model, name, count);
    return param ? fv_param_read(param, values) : fv_last_status();
}

fv_status fv_model_set(fv_model *model, const char *name, const float *values, size_t count) {
    fv_param *param = find_sized(model, name, count);
    return param ? fv_param_write(param, values) : fv_last_status();
}
