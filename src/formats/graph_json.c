#include "formats/graph_json.h"

#include "core/memory.h"
#include "formats/json.h"

#include <string.h>

/* ---- Arguments: by the operator's table --------------------------------------------------------------------------- */

static json_t *item_to_json(const fv_arg *arg, const unsigned char *at, int i) {
    switch (arg->type) {
    case FV_ARG_INT: return json_integer(((const int *)(const void *)at)[i]);
    case FV_ARG_FLOAT: return json_real((double)((const float *)(const void *)at)[i]);
    case FV_ARG_BOOL: return json_boolean(((const bool *)(const void *)at)[i]);
    }
    return NULL;
}

static json_t *argument_to_json(const fv_arg *arg, const void *args) {
    const unsigned char *at = (const unsigned char *)args + arg->offset;
    if (arg->count == 1) return item_to_json(arg, at, 0);
    json_t *array = json_array();
    for (int i = 0; i < arg->count; i++) json_array_append_new(array, item_to_json(arg, at, i));
    return array;
}

static json_t *arguments_to_json(const fv_node *node) {
    json_t *object = json_object();
    for (int i = 0; i < node->op->n_args; i++)
        json_object_set_new(object, node->op->args[i].name, argument_to_json(&node->op->args[i], node->args));
    return object;
}

static fv_status item_from_json(const char *where, const fv_arg *arg, const json_t *item, unsigned char *at, int i) {
    bool boolean = json_is_boolean(item);
    if (boolean ? arg->type != FV_ARG_BOOL : !json_is_number(item) || (arg->type == FV_ARG_INT && !json_is_integer(item)))
        return fv_fail(FV_BAD_DATA, "%s: argument \"%s\" is of the wrong type", where, arg->name);
    double number = boolean ? json_is_true(item) : json_number_value(item);
    if (!(number >= arg->min && number <= arg->max))
        return fv_fail(FV_BAD_DATA, "%s: argument \"%s\" is %g: must be from %g to %g", where, arg->name, number, arg->min, arg->max);
    switch (arg->type) {
    case FV_ARG_INT: ((int *)(void *)at)[i] = (int)number; break;
    case FV_ARG_FLOAT: ((float *)(void *)at)[i] = (float)number; break;
    case FV_ARG_BOOL: ((bool *)(void *)at)[i] = number != 0; break;
    }
    return FV_OK;
}

static fv_status argument_from_json(const char *where, const fv_arg *arg, const json_t *value, void *args) {
    unsigned char *at = (unsigned char *)args + arg->offset;
    json_t *standard = value ? NULL : arg->type == FV_ARG_BOOL ? json_boolean(arg->standard != 0) : arg->type == FV_ARG_INT ? json_integer((json_int_t)arg->standard) : json_real(arg->standard);
    fv_status status = FV_OK;
    if (value && arg->count > 1 && (!json_is_array(value) || json_array_size(value) != (size_t)arg->count))
        return fv_fail(FV_BAD_DATA, "%s: argument \"%s\" must be an array of %d numbers", where, arg->name, arg->count);
    for (int i = 0; i < arg->count && status == FV_OK; i++) {
        const json_t *item = !value ? standard : arg->count > 1 ? json_array_get(value, (size_t)i) : value;
        status = item_from_json(where, arg, item, at, i);
    }
    json_decref(standard);
    return status;
}

static fv_status arguments_from_json(const char *where, const fv_op *op, const json_t *object, void *args) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        int i = 0;
        while (i < op->n_args && strcmp(op->args[i].name, key)) i++;
        if (i == op->n_args) return fv_fail(FV_BAD_DATA, "%s: %s has no argument \"%s\"", where, op->name, key);
    }
    for (int i = 0; i < op->n_args; i++)
        FV_TRY(argument_from_json(where, &op->args[i], json_object_get(object, op->args[i].name), args));
    return FV_OK;
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------------ */

static json_t *shape_to_json(const fv_shape *shape) {
    json_t *array = json_array();
    for (int i = 0; i < shape->rank; i++) json_array_append_new(array, json_integer(shape->dim[i]));
    return array;
}

static json_t *reference_to_json(const fv_value *value) { return json_pack("[i,i]", value->node->id, value->index); }

static json_t *node_to_json(const fv_node *node) {
    json_t *object = json_object();
    json_object_set_new(object, "op", json_string(node->op->name));
    json_object_set_new(object, "name", json_string(node->name));
    if (fv_is_leaf(node)) {
        json_object_set_new(object, "shape", shape_to_json(&node->out[0].shape));
        if (node->op == &fv_input_op) return object;
        const fv_parameter *parameter = fv_parameter_of(node);
        if (parameter->state) json_object_set_new(object, "state", json_true());
        if (parameter->no_decay) json_object_set_new(object, "no_decay", json_true());
        return object;
    }
    json_t *in = json_array();
    for (int i = 0; i < node->n_in; i++) json_array_append_new(in, reference_to_json(node->in[i]));
    json_object_set_new(object, "in", in);
    json_object_set_new(object, "args", arguments_to_json(node));
    return object;
}

json_t *fv_graph_to_json(const fv_graph *graph, const fv_value *logits) {
    json_t *nodes = json_array();
    for (int id = 0; id < graph->n_nodes; id++)
        if (json_array_append_new(nodes, node_to_json(graph->nodes[id]))) {
            json_decref(nodes);
            fv_fail(FV_NO_MEMORY, "%s: out of memory while writing the graph", graph->name);
            return NULL;
        }
    return json_pack("{s:s, s:o, s:o}", "name", graph->name, "nodes", nodes, "logits", reference_to_json(logits));
}

/* The value that [id, output] names among the nodes there are. */
static fv_value *reference_from_json(const char *where, const fv_graph *graph, const json_t *json) {
    const json_t *id = json_array_get(json, 0), *output = json_array_get(json, 1);
    if (json_array_size(json) != 2 || !json_is_integer(id) || !json_is_integer(output) || json_integer_value(id) < 0 ||
        json_integer_value(id) >= graph->n_nodes || json_integer_value(output) < 0 ||
        json_integer_value(output) >= graph->nodes[json_integer_value(id)]->n_out) {
        fv_fail(FV_BAD_DATA, "%s: an input must be [node, output] of an earlier node", where);
        return NULL;
    }
    return &graph->nodes[json_integer_value(id)]->out[json_integer_value(output)];
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

static fv_value *leaf_from_json(const char *where, fv_graph *graph, bool input, const char *name, const json_t *json) {
    fv_parameter parameter = {0};
    if (shape_from_json(where, json, &parameter.shape)) return NULL;
    if (!input) {
        if (flag_from_json(where, json, "state", &parameter.state)) return NULL;
        if (flag_from_json(where, json, "no_decay", &parameter.no_decay)) return NULL;
        return fv_node_new(graph, &fv_parameter_op, name, &parameter, NULL, 0);
    }
    if (parameter.shape.rank != 4) {
        fv_fail(FV_BAD_DATA, "%s: an input must have a shape [1,C,H,W]", where);
        return NULL;
    }
    const int *dim = parameter.shape.dim;
    return fv_input(graph, dim[1], dim[2], dim[3]);
}

/* Operators that a file may hold are those of networks: the ones with a gradient. */
static const fv_op *network_op(const char *where, const char *name) {
    const fv_op *op = fv_op_named(name);
    if (op && op->grad) return op;
    fv_fail(FV_UNSUPPORTED, "%s: unknown operator \"%s\": a newer version of fovea may know it", where, name);
    return NULL;
}

static fv_value *operator_from_json(const char *where, fv_graph *graph, const char *kind, const char *name, const json_t *json) {
    const json_t *inputs, *arguments;
    fv_value *in[FV_MAX_IN];
    const fv_op *op = network_op(where, kind);
    if (!op || fv_json_array(where, json, "in", &inputs) || fv_json_object(where, json, "args", &arguments)) return NULL;
    size_t n_in = json_array_size(inputs);
    if (n_in > FV_MAX_IN) {
        fv_fail(FV_BAD_DATA, "%s: %zu inputs: the limit is %d", where, n_in, FV_MAX_IN);
        return NULL;
    }
    for (size_t i = 0; i < n_in; i++)
        if (!(in[i] = reference_from_json(where, graph, json_array_get(inputs, i)))) return NULL;
    void *args = fv_arena_alloc(&graph->arena, 1, op->args_size);
    if (!args || arguments_from_json(where, op, arguments, args)) return NULL;
    return fv_node_new(graph, op, name, args, in, (int)n_in);
}

static fv_status node_from_json(const char *where, fv_graph *graph, size_t index, const json_t *json) {
    const char *kind, *name;
    char *node = fv_format("%s: node %zu", where, index);
    if (!node) return FV_NO_MEMORY;
    fv_value *value = NULL;
    if (fv_json_string(node, json, "op", &kind) == FV_OK && fv_json_string(node, json, "name", &name) == FV_OK) {
        bool input = strcmp(kind, fv_input_op.name) == 0;
        bool leaf = input || strcmp(kind, fv_parameter_op.name) == 0;
        value = leaf ? leaf_from_json(node, graph, input, name, json) : operator_from_json(node, graph, kind, name, json);
    }
    fv_free(node);
    return value ? FV_OK : fv_last_status();
}

static fv_value *fill_graph(const char *where, fv_graph *graph, const json_t *json) {
    const json_t *nodes, *logits;
    if (fv_json_array(where, json, "nodes", &nodes) || fv_json_array(where, json, "logits", &logits)) return NULL;
    for (size_t i = 0; i < json_array_size(nodes); i++)
        if (node_from_json(where, graph, i, json_array_get(nodes, i))) return NULL;
    return reference_from_json(where, graph, logits);
}

fv_value *fv_graph_from_json(const json_t *json, const char *where) {
    const char *name;
    if (fv_json_string(where, json, "name", &name)) return NULL;
    fv_graph *graph = fv_graph_new(name);
    fv_value *logits = graph ? fill_graph(where, graph, json) : NULL;
    if (!logits) fv_graph_free(graph);
    return logits;
}
