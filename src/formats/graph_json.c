#include "formats/graph_json.h"

#include "core/memory.h"
#include "formats/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- Arguments: by the operator's table --------------------------------------------------------------------------- */

static json_t *item_to_json(const fv_arg *arg, const unsigned char *at, int i) {
    switch (arg->type) {
    case FV_ARG_INT:
        return json_integer(((const int *)(const void *)at)[i]);
    case FV_ARG_FLOAT:
        return json_real((double)((const float *)(const void *)at)[i]);
    case FV_ARG_BOOL:
        return json_boolean(((const bool *)(const void *)at)[i]);
    }
    return NULL;
}

static json_t *argument_to_json(const fv_arg *arg, const void *args) {
    const unsigned char *at = (const unsigned char *)args + arg->offset;
    if (arg->count == 1) return item_to_json(arg, at, 0);
    json_t *array = json_array();
    for (int i = 0; i < arg->count; i++) array = fv_json_and(array, item_to_json(arg, at, i));
    return array;
}

static json_t *arguments_to_json(const fv_node *node) {
    json_t *object = json_object();
    for (int i = 0; i < node->op->n_args; i++) {
        const fv_arg *arg = &node->op->args[i];
        if (!arg->fused) object = fv_json_with(object, arg->name, argument_to_json(arg, node->args));
    }
    return object;
}

static void set_item(const fv_arg *arg, unsigned char *at, int i, double number) {
    switch (arg->type) {
    case FV_ARG_INT:
        ((int *)(void *)at)[i] = (int)number;
        break;
    case FV_ARG_FLOAT:
        ((float *)(void *)at)[i] = (float)number;
        break;
    case FV_ARG_BOOL:
        ((bool *)(void *)at)[i] = number != 0;
        break;
    }
}

static fv_status item_from_json(const char *where, const fv_arg *arg, const json_t *item, unsigned char *at, int i) {
    const bool fits[] = {[FV_ARG_INT] = json_is_integer(item),
                         [FV_ARG_FLOAT] = json_is_number(item),
                         [FV_ARG_BOOL] = json_is_boolean(item)};
    if (!fits[arg->type]) return fv_fail(FV_BAD_DATA, "%s: argument \"%s\" is of the wrong type", where, arg->name);
    double number = arg->type == FV_ARG_BOOL ? json_is_true(item) : json_number_value(item);
    if (!(number >= arg->min && number <= arg->max))
        return fv_fail(FV_BAD_DATA, "%s: argument \"%s\" is %g: must be from %g to %g", where, arg->name, number,
                       arg->min, arg->max);
    set_item(arg, at, i, number);
    return FV_OK;
}

static fv_status argument_from_json(const char *where, const fv_arg *arg, const json_t *value, void *args) {
    unsigned char *at = (unsigned char *)args + arg->offset;
    if (value && arg->count > 1 && (!json_is_array(value) || json_array_size(value) != (size_t)arg->count))
        return fv_fail(FV_BAD_DATA, "%s: argument \"%s\" must be an array of %d numbers", where, arg->name, arg->count);
    for (int i = 0; i < arg->count; i++) {
        if (!value)
            set_item(arg, at, i, arg->standard);
        else
            FV_TRY(item_from_json(where, arg, arg->count > 1 ? json_array_get(value, (size_t)i) : value, at, i));
    }
    return FV_OK;
}

static fv_status arguments_from_json(const char *where, const fv_op *op, const json_t *object, void *args) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        int i = 0;
        while (i < op->n_args && (op->args[i].fused || strcmp(op->args[i].name, key))) i++;
        if (i == op->n_args) return fv_fail(FV_BAD_DATA, "%s: %s has no argument \"%s\"", where, op->name, key);
    }
    for (int i = 0; i < op->n_args; i++)
        FV_TRY(argument_from_json(where, &op->args[i], json_object_get(object, op->args[i].name), args));
    return FV_OK;
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------------ */

static json_t *shape_to_json(const fv_shape *shape) {
    json_t *array = json_array();
    for (int i = 0; i < shape->rank; i++) array = fv_json_and(array, json_integer(shape->dim[i]));
    return array;
}

static json_t *reference_to_json(const fv_value *value) {
    return fv_json_and(fv_json_and(json_array(), json_integer(value->node->id)), json_integer(value->index));
}

static json_t *inputs_to_json(const fv_node *node) {
    json_t *array = json_array();
    for (int i = 0; i < node->n_in; i++) array = fv_json_and(array, reference_to_json(node->in[i]));
    return array;
}

static json_t *node_to_json(const fv_node *node) {
    json_t *object = fv_json_with(json_object(), "op", json_string(node->op->name));
    object = fv_json_with(object, "name", json_string(node->name));
    if (!fv_is_leaf(node)) {
        object = fv_json_with(object, "in", inputs_to_json(node));
        return fv_json_with(object, "args", arguments_to_json(node));
    }
    object = fv_json_with(object, "shape", shape_to_json(&node->out[0].shape));
    if (node->op == &fv_input_op) return object;
    const fv_parameter *parameter = fv_parameter_of(node);
    if (parameter->state) object = fv_json_with(object, "state", json_true());
    if (parameter->no_decay) object = fv_json_with(object, "no_decay", json_true());
    return object;
}

static json_t *auxiliary_to_json(const fv_graph *graph) {
    json_t *array = json_array();
    for (int i = 0; i < graph->n_auxiliary; i++) {
        json_t *head = fv_json_with(json_object(), "logits", reference_to_json(graph->auxiliary[i].logits));
        array = fv_json_and(array, fv_json_with(head, "weight", json_real((double)graph->auxiliary[i].weight)));
    }
    return array;
}

json_t *fv_graph_to_json(const fv_graph *graph, const fv_value *logits) {
    json_t *nodes = json_array();
    for (int id = 0; id < graph->n_nodes; id++) nodes = fv_json_and(nodes, node_to_json(graph->nodes[id]));
    json_t *object = fv_json_with(json_object(), "name", json_string(graph->name));
    object = fv_json_with(object, "nodes", nodes);
    if (graph->n_auxiliary) object = fv_json_with(object, "auxiliary", auxiliary_to_json(graph));
    return fv_json_with(object, "logits", reference_to_json(logits));
}

/* A whole number of an array, from 0 to below `end`; -1: it is not one. */
static int index_from_json(const json_t *array, size_t i, int end) {
    const json_t *item = json_array_get(array, i);
    json_int_t number = json_is_integer(item) ? json_integer_value(item) : -1;
    return number >= 0 && number < end ? (int)number : -1;
}

/* The value that [node, output] names among the nodes there are. Outputs past the first are between an operator and its own
 * backward: nobody else may read them. */
static fv_value *reference_from_json(const char *where, const fv_graph *graph, const json_t *json) {
    int id = index_from_json(json, 0, graph->n_nodes);
    if (json_array_size(json) == 2 && id >= 0 && index_from_json(json, 1, 1) == 0 && graph->nodes[id]->n_out > 0)
        return &graph->nodes[id]->out[0];
    fv_fail(FV_BAD_DATA, "%s: an input must be [node, 0] of an earlier node", where);
    return NULL;
}

static fv_status shape_from_json(const char *where, const json_t *object, fv_shape *shape) {
    size_t rank;
    FV_TRY(fv_json_ints(where, object, "shape", 1, FV_MAX_DIM, shape->dim, FV_MAX_RANK, &rank));
    shape->rank = (int)rank;
    return FV_OK;
}

static fv_status flag_from_json(const char *where, const json_t *object, const char *key, bool *flag) {
    return json_object_get(object, key) ? fv_json_bool(where, object, key, flag) : FV_OK;
}

/* What graph/ says of a node it refused, with the file in front. */
static fv_value *built(const char *where, fv_value *value) {
    if (!value) fv_fail_in(fv_last_status(), "%s", where);
    return value;
}

static fv_value *leaf_from_json(const char *where, fv_graph *graph, bool input, const char *name, const json_t *json) {
    fv_parameter parameter = {0};
    if (shape_from_json(where, json, &parameter.shape)) return NULL;
    if (!input) {
        if (flag_from_json(where, json, "state", &parameter.state)) return NULL;
        if (flag_from_json(where, json, "no_decay", &parameter.no_decay)) return NULL;
        return built(where, fv_node_new(graph, &fv_parameter_op, name, &parameter, NULL, 0));
    }
    if (parameter.shape.rank != 4) {
        fv_fail(FV_BAD_DATA, "%s: an input must have a shape [1,C,H,W]", where);
        return NULL;
    }
    const int *dim = parameter.shape.dim;
    return built(where, fv_input(graph, dim[1], dim[2], dim[3]));
}

/* Kernels read parameters and activations in layouts of their own kinds, so each must stand where its kind belongs. */
static fv_status check_kind(const char *where, const fv_op *op, int i, const fv_node *input) {
    bool wanted = i < 32 && op->parameter_in >> i & 1, state = i < 32 && op->written_in >> i & 1;
    bool is = input->op == &fv_parameter_op;
    if (wanted != is)
        return fv_fail(FV_BAD_DATA, "%s: input %d of %s must be %s", where, i, op->name,
                       wanted ? "a parameter" : "no parameter");
    if (state && !fv_parameter_of(input)->state)
        return fv_fail(FV_BAD_DATA, "%s: input %d of %s must be a parameter with \"state\"", where, i, op->name);
    return FV_OK;
}

static fv_status inputs_from_json(const char *where, const fv_graph *graph, const fv_op *op, const json_t *json,
                                  fv_value *in[], int *n_in) {
    const json_t *array;
    FV_TRY(fv_json_array(where, json, "in", &array));
    if (json_array_size(array) > FV_MAX_IN)
        return fv_fail(FV_BAD_DATA, "%s: %zu inputs: the limit is %d", where, json_array_size(array), FV_MAX_IN);
    *n_in = (int)json_array_size(array);
    for (int i = 0; i < *n_in; i++) {
        if (!(in[i] = reference_from_json(where, graph, json_array_get(array, (size_t)i)))) return FV_BAD_DATA;
        FV_TRY(check_kind(where, op, i, in[i]->node));
    }
    return FV_OK;
}

/* Operators that a file may hold are those that networks are built of. */
static const fv_op *network_op(const char *where, const char *name) {
    const fv_op *op = fv_op_named(name);
    if (op && op->grad && op->onnx) return op;
    fv_fail(FV_UNSUPPORTED, "%s: unknown operator \"%s\": a newer version of fovea may know it", where, name);
    return NULL;
}

static fv_value *operator_from_json(const char *where, fv_graph *graph, const char *kind, const char *name,
                                    const json_t *json) {
    const json_t *arguments;
    fv_value *in[FV_MAX_IN];
    int n_in = 0;
    const fv_op *op = network_op(where, kind);
    if (!op || inputs_from_json(where, graph, op, json, in, &n_in) || fv_json_object(where, json, "args", &arguments))
        return NULL;
    void *args = fv_arena_alloc(&graph->arena, 1, op->args_size);
    if (!args || arguments_from_json(where, op, arguments, args)) return NULL;
    return built(where, fv_node_new(graph, op, name, args, in, n_in));
}

static fv_status node_from_json(const char *where, fv_graph *graph, size_t index, const json_t *json) {
    const char *kind, *name;
    char *node = fv_format("%s: node %zu", where, index);
    if (!node) return FV_NO_MEMORY;
    fv_value *value = NULL;
    if (fv_json_string(node, json, "op", &kind) == FV_OK && fv_json_string(node, json, "name", &name) == FV_OK) {
        bool input = strcmp(kind, fv_input_op.name) == 0;
        bool leaf = input || strcmp(kind, fv_parameter_op.name) == 0;
        value =
            leaf ? leaf_from_json(node, graph, input, name, json) : operator_from_json(node, graph, kind, name, json);
    }
    fv_free(node);
    return value ? FV_OK : fv_last_status();
}

/* ---- The whole ---------------------------------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static fv_status check_names(const char *where, const fv_graph *graph, char **names) {
    size_t n = 0;
    for (int id = 0; id < graph->n_nodes; id++)
        if (graph->nodes[id]->op == &fv_parameter_op) names[n++] = graph->nodes[id]->name;
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return fv_fail(FV_BAD_DATA, "%s: two parameters named \"%s\"", where, names[i]);
    return FV_OK;
}

static fv_status check_readers(const char *where, const fv_graph *graph, int *readers) {
    for (int id = 0; id < graph->n_nodes; id++)
        for (int i = 0; i < graph->nodes[id]->n_in; i++) readers[graph->nodes[id]->in[i]->node->id]++;
    for (int id = 0; id < graph->n_nodes; id++)
        if (graph->nodes[id]->op == &fv_parameter_op && readers[id] != 1)
            return fv_fail(FV_BAD_DATA, "%s: parameter \"%s\" is read by %d nodes: each belongs to one", where,
                           graph->nodes[id]->name, readers[id]);
    return FV_OK;
}

/* What constructors see to by themselves: each parameter has a name of its own, and one owner. */
static fv_status check_parameters(const char *where, const fv_graph *graph) {
    char **names = FV_NEW_N(char *, (size_t)graph->n_nodes);
    int *readers = FV_NEW_N(int, (size_t)graph->n_nodes);
    fv_status status = names && readers ? check_names(where, graph, names) : FV_NO_MEMORY;
    if (status == FV_OK) status = check_readers(where, graph, readers);
    fv_free(names);
    fv_free(readers);
    return status;
}

static fv_status head_from_json(const char *where, const fv_graph *graph, const json_t *json) {
    const json_t *reference;
    double weight;
    if (!json_is_object(json)) return fv_fail(FV_BAD_DATA, "%s: an auxiliary head must be an object", where);
    FV_TRY(fv_json_array(where, json, "logits", &reference));
    FV_TRY(fv_json_number(where, json, "weight", 0, 100, &weight));
    fv_value *logits = reference_from_json(where, graph, reference);
    if (!logits) return FV_BAD_DATA;
    fv_status status = fv_auxiliary(logits, (float)weight);
    return status == FV_OK ? FV_OK : fv_fail_in(status, "%s", where);
}

/* The auxiliary heads, if there are any. */
static fv_status auxiliary_from_json(const char *where, const fv_graph *graph, const json_t *json) {
    const json_t *heads = NULL;
    if (json_object_get(json, "auxiliary")) FV_TRY(fv_json_array(where, json, "auxiliary", &heads));
    for (size_t i = 0; i < json_array_size(heads); i++) FV_TRY(head_from_json(where, graph, json_array_get(heads, i)));
    return FV_OK;
}

static fv_value *fill_graph(const char *where, fv_graph *graph, const json_t *json) {
    const json_t *nodes, *reference;
    if (fv_json_array(where, json, "nodes", &nodes) || fv_json_array(where, json, "logits", &reference)) return NULL;
    for (size_t i = 0; i < json_array_size(nodes); i++)
        if (node_from_json(where, graph, i, json_array_get(nodes, i))) return NULL;
    fv_value *logits = reference_from_json(where, graph, reference);
    if (!logits || auxiliary_from_json(where, graph, json) || check_parameters(where, graph)) return NULL;
    if (!fv_is_leaf(logits->node)) return logits;
    fv_fail(FV_BAD_DATA, "%s: the logits are a node that computes nothing", where);
    return NULL;
}

fv_value *fv_graph_from_json(const json_t *json, const char *where) {
    const char *name;
    if (fv_json_string(where, json, "name", &name)) return NULL;
    fv_graph *graph = fv_graph_new(name);
    fv_value *logits = graph ? fill_graph(where, graph, json) : NULL;
    if (!logits) fv_graph_free(graph);
    return logits;
}
