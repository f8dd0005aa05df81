#include "optim/stepper.h"

#include "core/memory.h"
#include "support/unit.h"

#include <string.h>

enum { MAX_THREADS = 8 };

fv_value *stepper_parameter(fv_graph *graph, const char *name, int count, bool no_decay) {
    return fv_parameter_new(graph, "fc", name, &(fv_parameter){.shape = FV_SHAPE(count), .no_decay = no_decay});
}

fv_value *stepper_gradient(fv_graph *graph, int count) { return fv_input_shaped(graph, "gradient", &FV_SHAPE(count)); }

static size_t count_of(const fv_value *value) { return fv_shape_count(&value->shape); }

/* How many parts the outputs of a node have in memory. */
static int parts_of(const stepper *s, const fv_node *node) {
    if (node->op == &fv_parameter_op) return 0;
    return node->op == &fv_input_op ? s->grad_parts : s->threads;
}

stepper *stepper_new(fv_graph *graph, int threads, int grad_parts) {
    stepper *s = FV_NEW(stepper);
    assert_true(graph->n_nodes <= STEPPER_NODES);
    *s = (stepper){.graph = graph, .threads = threads, .grad_parts = grad_parts};
    s->env = (fv_run_env){.lr = 0.01f, .training = true, .bad_node = &s->bad};
    for (int id = 0; id < graph->n_nodes; id++)
        for (int i = 0; i < graph->nodes[id]->n_out; i++)
            s->memory[id][i] = FV_NEW_N(float, count_of(&graph->nodes[id]->out[i]) * MAX_THREADS + 1);
    return s;
}

void stepper_free(stepper *s) {
    for (int id = 0; id < s->graph->n_nodes; id++)
        for (int i = 0; i < STEPPER_OUT; i++) fv_free(s->memory[id][i]);
    fv_free(s);
}

static void run_kernel(stepper *s, const fv_node *node) {
    fv_step step = {.node = node, .kernel = &node->op->kernels[0], .env = &s->env, .threads = s->threads};
    for (int i = 0; i < node->n_in; i++) {
        step.in[i] = stepper_memory(s, node->in[i]);
        step.in_bytes[i] = count_of(node->in[i]) * sizeof(float);
        step.in_layout[i].parts = parts_of(s, node->in[i]->node);
    }
    for (int i = 0; i < node->n_out; i++) step.out[i] = s->memory[node->id][i];
    if (step.kernel->plan) assert_int_equal(step.kernel->plan(&step), FV_OK);
    for (int thread = s->threads - 1; thread >= 0; thread--) step.kernel->run(&step, thread, s->threads);
}

/* By the kernel of `ref`, which widens and narrows. */
static void run_ref(stepper *s, const fv_node *node) {
    fv_step step = {.node = node, .kernel = &fv_ref_kernel, .env = &s->env, .threads = 1};
    for (int i = 0; i < node->n_in; i++) step.in[i] = stepper_memory(s, node->in[i]);
    for (int i = 0; i < node->n_out; i++) step.out[i] = s->memory[node->id][i];
    assert_int_equal(step.kernel->plan(&step), FV_OK);
    step.scratch = fv_alloc(step.scratch_bytes, 1);
    step.kernel->run(&step, 0, 1);
    fv_free(step.scratch);
}

void stepper_run(stepper *s) {
    for (int id = 0; id < s->graph->n_nodes; id++) {
        const fv_node *node = s->graph->nodes[id];
        if (!fv_is_leaf(node)) (s->threads ? run_kernel : run_ref)(s, node);
    }
    s->env.step++;
}

void stepper_set_gradient(stepper *s, const fv_value *grad, const float *values, int count) {
    float *memory = stepper_memory(s, grad);
    int parts = s->grad_parts ? s->grad_parts : 1;
    for (int part = 0; part < parts; part++)
        for (int i = 0; i < count; i++)
            memory[part * count + i] = part ? 0.25f * (float)part : values[i] - 0.125f * (float)(parts * (parts - 1));
}
