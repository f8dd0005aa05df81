/* Weights to start from: a file's tensors by name, all of the backbone, and of the head those that fit. */
#include "core/memory.h"
#include "engine/model.h"
#include "formats/model_file.h"
#include "formats/params.h"

#include <string.h>

/* How many tensors, and the first of them. */
typedef struct list {
    size_t count;
    const char *first;
} list;

typedef struct taking {
    fv_model *model;
    fv_safetensors *file; /* owned */
    const char *path;
    bool *skip;                         /* [n_params]: the file's tensor is not taken */
    list missing, foreign, fresh, idle; /* of the backbone; unknown; kept as initialised; of no use */
} taking;

static void add(list *names, const char *name) {
    if (names->count++ == 0) names->first = name;
}

/* ---- What the network has ------------------------------------------------------------------------------------------ */

static int index_of(const taking *t, const fv_node *leaf) { return (int)(leaf->param - t->model->params); }

static fv_status check_finite(const taking *t, const fv_tensor_view *tensor) {
    size_t bad = fv_tensor_finite(tensor);
    if (bad == tensor->bytes / fv_dtype_bytes(tensor->dtype)) return FV_OK;
    return fv_fail(FV_BAD_DATA,
                   "%s: tensor \"%s\": element %zu is NaN or infinite: no training can start from these weights",
                   t->path, tensor->name, bad);
}

static fv_status look_at_leaf(taking *t, const fv_node *leaf) {
    const fv_shape *shape = &leaf->out[0].shape;
    const fv_tensor_view *tensor = fv_safetensors_find(t->file, leaf->name);
    bool fits = tensor && fv_param_same_shape(tensor, shape), free = fv_in_head(t->model, leaf);
    t->skip[index_of(t, leaf)] = !fits;
    if (!tensor && !free) add(&t->missing, leaf->name);
    if (!fits && (free || !tensor)) return FV_OK;
    FV_TRY(fv_param_check(leaf->name, shape, "", t->file, t->path)); /* its shape, and that it holds floats */
    return check_finite(t, tensor);
}

/* A layer is taken whole or not at all. */
static void keep_whole(taking *t, const fv_node *node) {
    bool skip = false;
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i]->node->op == &fv_parameter_op) skip |= t->skip[index_of(t, node->in[i]->node)];
    for (int i = 0; i < node->n_in && skip; i++)
        if (node->in[i]->node->op == &fv_parameter_op) t->skip[index_of(t, node->in[i]->node)] = true;
}

static fv_status look_at_network(taking *t) {
    const fv_graph *graph = t->model->graph;
    for (int id = 0; id < graph->n_nodes; id++)
        if (graph->nodes[id]->op == &fv_parameter_op) FV_TRY(look_at_leaf(t, graph->nodes[id]));
    for (int id = 0; id < graph->n_nodes; id++) keep_whole(t, graph->nodes[id]);
    for (int i = 0; i < t->model->n_params; i++)
        if (t->skip[i]) add(&t->fresh, t->model->params[i].name);
    return FV_OK;
}

/* ---- What the file has --------------------------------------------------------------------------------------------- */

/* Batch norm's step counter, and the auxiliary heads of torchvision's GoogLeNet and Inception. */
static bool is_idle(const char *name) {
    static const char *const heads[] = {"aux1.", "aux2.", "AuxLogits."}, counter[] = ".num_batches_tracked";
    size_t length = strlen(name), tail = sizeof counter - 1;
    for (int i = 0; i < FV_COUNT(heads); i++)
        if (strncmp(name, heads[i], strlen(heads[i])) == 0) return true;
    return length > tail && strcmp(name + length - tail, counter) == 0;
}

static void look_at_file(taking *t) {
    for (size_t i = 0; i < fv_safetensors_count(t->file); i++) {
        const char *name = fv_safetensors_at(t->file, i)->name;
        if (!fv_model_param(t->model, name)) add(is_idle(name) ? &t->idle : &t->foreign, name);
    }
}

/* ---- What is said -------------------------------------------------------------------------------------------------- */

/* ", WORD N (FIRST, ...)" behind `text`, which is freed; nothing where N is 0. NULL passes through. */
static char *with_names(char *text, const char *word, const list *names) {
    if (!text || names->count == 0) return text;
    char *longer =
        fv_format("%s, %s %zu (%.100s%s)", text, word, names->count, names->first, names->count > 1 ? ", ..." : "");
    fv_free(text);
    return longer;
}

static fv_status check_names(const taking *t) {
    if (t->missing.count == 0 && t->foreign.count == 0) return FV_OK;
    char *text = fv_format("%s: not the weights of %s", t->path, fv_model_network(t->model));
    text = with_names(text, "tensors missing:", &t->missing);
    text = with_names(text, "not its own:", &t->foreign);
    if (!text) return FV_NO_MEMORY;
    fv_status status = fv_fail(FV_BAD_DATA, "%s", text);
    fv_free(text);
    return status;
}

static char *describe(const taking *t) {
    char *text = fv_format("%s: %zu tensors taken", t->path, (size_t)t->model->n_params - t->fresh.count);
    text = with_names(text, "new:", &t->fresh);
    return with_names(text, "left out:", &t->idle);
}

/* ---- Taking -------------------------------------------------------------------------------------------------------- */

static fv_preprocess preprocess_of(const fv_model *model) {
    int channels, height, width;
    fv_model_input(model, &channels, &height, &width);
    if (channels != 3) return model->preprocess;
    return (fv_preprocess){.mean = FV_IMAGENET_MEAN, .std = FV_IMAGENET_STD};
}

static fv_status take(taking *t) {
    fv_model *model = t->model;
    fv_preprocess preprocess = preprocess_of(model);
    FV_TRY(look_at_network(t));
    look_at_file(t);
    FV_TRY(check_names(t));
    FV_TRY(fv_model_file_preprocess(t->file, t->path, &preprocess));
    char *text = describe(t);
    if (!text) return FV_NO_MEMORY;
    fv_status status = fv_params_replace(model->params, model->n_params, "", t->file, t->skip);
    if (status == FV_OK) status = fv_model_set_preprocess(model, &preprocess);
    if (status != FV_OK) {
        fv_free(text);
        return status;
    }
    fv_free(model->pretrained);
    model->pretrained = text;
    return FV_OK;
}

fv_status fv_model_load_pretrained(fv_model *model, const char *path) {
    if (!model) return fv_last_status();
    taking t = {.model = model, .path = path};
    if (!(t.file = fv_safetensors_open(path))) return fv_last_status();
    t.skip = FV_NEW_N(bool, (size_t)model->n_params);
    fv_status status = t.skip ? take(&t) : FV_NO_MEMORY;
    fv_free(t.skip);
    fv_safetensors_free(t.file);
    return status;
}
