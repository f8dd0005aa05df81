/* One optimizer step after another: a training session, the optimizer's slots, and targets made from labels. */
#include "train/trainer.h"

#include "core/memory.h"
#include "ops/loss.h"
#include "optim/optim.h"
#include "optim/treatments.h"

#include <string.h>

/* ---- What the plan is made of ---------------------------------------------------------------------------------------- */

static fv_value *add_loss(void *user, fv_graph *graph, fv_value *logits, fv_value *target, float weight) {
    const fv_trainer *trainer = user;
    fv_loss loss = trainer->args.loss;
    loss.weight = (loss.weight == 0 ? 1 : loss.weight) * weight;
    return fv_loss_node(graph, &loss, logits, target);
}

static fv_treatment treatment(void *user, const fv_param *param) {
    const fv_trainer *trainer = user;
    fv_treatment t = trainer->treatments[param - trainer->session.model->params];
    if (t.frozen && trainer->thawed) t = (fv_treatment){.lr_scale = t.lr_scale, .first_step = trainer->thawed_at};
    return t;
}

/* The storage of a slot leaf: made, as zeros, when a plan first asks for it; later plans share it. */
static fv_status bind_slot(fv_trainer *trainer, fv_node *leaf) {
    for (int i = 0; i < trainer->n_slots; i++)
        if (strcmp(trainer->slots[i].name, leaf->name) == 0) {
            leaf->param = &trainer->slots[i];
            return FV_OK;
        }
    fv_param *slot = &trainer->slots[trainer->n_slots];
    FV_TRY(fv_param_init(slot, leaf->name, fv_parameter_of(leaf), 0));
    leaf->param = slot;
    trainer->n_slots++;
    return FV_OK;
}

/* The parameter leaves among the graph's first n nodes; returns how many. */
static int parameter_leaves(const fv_graph *graph, int n, fv_value *const grads[], fv_value *params[],
                            fv_value *params_grads[]) {
    int count = 0;
    for (int id = 0; id < n; id++) {
        if (graph->nodes[id]->op != &fv_parameter_op) continue;
        params[count] = &graph->nodes[id]->out[0];
        params_grads[count++] = grads[id];
    }
    return count;
}

static fv_status add_updates(void *user, fv_graph *graph, fv_value *const grads[], int n_grads) {
    fv_trainer *trainer = user;
    int before = graph->n_nodes;
    fv_value **params = FV_NEW_N(fv_value *, 2 * (size_t)n_grads);
    if (!params) return FV_NO_MEMORY;
    int count = parameter_leaves(graph, n_grads, grads, params, params + n_grads);
    fv_status status = fv_optimizer_build(graph, &trainer->args.optimizer, params, params + n_grads, count);
    fv_free(params);
    for (int id = before; id < graph->n_nodes && status == FV_OK; id++)
        if (graph->nodes[id]->op == &fv_parameter_op) status = bind_slot(trainer, graph->nodes[id]);
    return status;
}

/* ---- Life -------------------------------------------------------------------------------------------------------------- */

/* The caller's class weights may go after this call. */
static fv_status copy_class_weights(fv_trainer *trainer) {
    if (!trainer->args.loss.class_weights) return FV_OK;
    size_t bytes = (size_t)trainer->classes * sizeof(float);
    trainer->class_weights = fv_alloc(bytes, 1);
    if (!trainer->class_weights) return FV_NO_MEMORY;
    trainer->args.loss.class_weights = memcpy(trainer->class_weights, trainer->args.loss.class_weights, bytes);
    return FV_OK;
}

fv_status fv_trainer_prepare(fv_trainer *trainer, size_t count) {
    FV_TRY(fv_session_prepare(&trainer->session, count, trainer->args.batch_size));
    trainer->last = trainer->session.plans[0];
    return FV_OK;
}

static fv_status start(fv_trainer *trainer) {
    fv_session *session = &trainer->session;
    FV_TRY(fv_loss_check(&trainer->args.loss));
    FV_TRY(fv_optimizer_check(&trainer->args.optimizer));
    trainer->lr = fv_optimizer_resolved(&trainer->args.optimizer).lr;
    if (trainer->args.batch_size < 1)
        return fv_fail(FV_BAD_ARGUMENT, "batch size %d: must be at least 1", trainer->args.batch_size);
    FV_TRY(copy_class_weights(trainer));
    trainer->treatments = FV_NEW_N(fv_treatment, (size_t)session->model->n_params);
    if (!trainer->treatments) return FV_NO_MEMORY;
    FV_TRY(fv_treatments_of(trainer->args.parts, trainer->args.n_parts, session->model, trainer->treatments));
    trainer->slots = FV_NEW_N(fv_param, (size_t)session->model->n_params * FV_MAX_SLOTS);
    size_t outputs = (size_t)fv_model_outputs(session->model);
    trainer->target = !trainer->slots ? NULL : fv_alloc((size_t)trainer->args.batch_size * outputs, sizeof(float));
    session->team = trainer->team = trainer->target ? fv_team_new(trainer->args.threads) : NULL;
    if (!trainer->team) return FV_NO_MEMORY;
    session->args = (fv_plan_args){.reference = trainer->args.reference,
                                   .loss = add_loss,
                                   .updates = add_updates,
                                   .treatment = treatment,
                                   .user = trainer};
    return fv_trainer_prepare(trainer, (size_t)trainer->args.batch_size);
}

fv_trainer *fv_trainer_plan(fv_model *model, const fv_trainer_args *args) {
    if (!model) return NULL;
    fv_trainer *trainer = FV_NEW(fv_trainer);
    if (!trainer) return NULL;
    trainer->session.model = model;
    trainer->args = *args;
    if (!trainer->args.batch_size) trainer->args.batch_size = 64;
    trainer->classes = fv_model_classes(model);
    if (start(trainer) == FV_OK) return trainer;
    fv_trainer_free(trainer);
    return NULL;
}

fv_trainer *fv_trainer_new_with(fv_model *model, const fv_trainer_args *args) {
    fv_trainer *trainer = fv_trainer_plan(model, args);
    if (!trainer || fv_memory_check(model, trainer->args.batch_size, fv_trainer_bytes(trainer)) == FV_OK)
        return trainer;
    fv_trainer_free(trainer);
    return NULL;
}

void fv_trainer_free(fv_trainer *trainer) {
    if (!trainer) return;
    fv_session_free(&trainer->session);
    fv_team_free(trainer->team);
    for (int i = 0; i < trainer->n_slots; i++) fv_param_free(&trainer->slots[i]);
    fv_free(trainer->slots);
    fv_free(trainer->treatments);
    fv_free(trainer->target);
    fv_free(trainer->class_weights);
    fv_free(trainer);
}

/* ---- Thawing ------------------------------------------------------------------------------------------------------------- */

static void drop_plans(fv_trainer *trainer) {
    fv_session_free(&trainer->session);
    trainer->last = NULL;
}

void fv_trainer_take_from(fv_trainer *trainer, const fv_value *from) {
    drop_plans(trainer);
    trainer->session.args.from = from;
}

void fv_trainer_thaw(fv_trainer *trainer, uint64_t first) {
    drop_plans(trainer);
    trainer->thawed = true;
    trainer->thawed_at = first;
}

fv_status fv_trainer_rehearse(fv_trainer *trainer, size_t count, size_t *bytes) {
    fv_trainer_thaw(trainer, 0);
    fv_status status = fv_trainer_prepare(trainer, count);
    *bytes = fv_session_bytes(&trainer->session);
    drop_plans(trainer);
    trainer->thawed = false;
    return status;
}

fv_status fv_trainer_unfreeze(fv_trainer *trainer) {
    if (!trainer) return fv_last_status();
    int batch = trainer->args.batch_size;
    fv_trainer_thaw(trainer, trainer->step);
    FV_TRY(fv_trainer_prepare(trainer, (size_t)batch));
    return fv_memory_check(trainer->session.model, batch, fv_session_bytes(&trainer->session));
}

/* ---- Steps ---------------------------------------------------------------------------------------------------------------- */

/* One logit: 1 for the positive class. Several: one-hot. */
static fv_status fill_target(fv_trainer *trainer, const int *labels, int n) {
    int outputs = fv_model_outputs(trainer->session.model), positive = trainer->session.model->positive;
    memset(trainer->target, 0, (size_t)n * (size_t)outputs * sizeof(float));
    for (int i = 0; i < n; i++) {
        if (labels[i] < 0 || labels[i] >= trainer->classes)
            return fv_fail(FV_BAD_DATA, "label %d of image %d: must be from 0 to %d", labels[i], i,
                           trainer->classes - 1);
        if (outputs == 1)
            trainer->target[i] = labels[i] == positive;
        else
            trainer->target[(size_t)i * (size_t)outputs + (size_t)labels[i]] = 1;
    }
    return FV_OK;
}

fv_status fv_trainer_step(fv_trainer *trainer, const float *x, const int *labels, int n, float lr, float *loss) {
    if (!trainer) return fv_last_status();
    if (n < 1 || n > trainer->args.batch_size)
        return fv_fail(FV_BAD_ARGUMENT, "a batch of %d images: must be from 1 to batch_size %d", n,
                       trainer->args.batch_size);
    if (!x || !labels) return fv_fail(FV_BAD_ARGUMENT, "a step without %s", x ? "labels" : "images");
    if (!(lr >= 0 || lr == FV_ZERO)) return fv_fail(FV_BAD_ARGUMENT, "lr %g: must be above 0", (double)lr);
    FV_TRY(fill_target(trainer, labels, n));
    fv_plan *plan = fv_session_plan(&trainer->session, n);
    if (!plan) return fv_last_status();
    FV_TRY(fv_plan_run(plan, &(fv_plan_input){.x = x,
                                              .target = trainer->target,
                                              .seed = trainer->args.seed,
                                              .step = trainer->step,
                                              .lr = lr > 0          ? lr
                                                    : lr == FV_ZERO ? 0
                                                                    : trainer->lr}));
    trainer->step++;
    trainer->last = plan;
    if (loss) *loss = fv_plan_mean_loss(plan);
    return FV_OK;
}

const float *fv_trainer_logits(const fv_trainer *trainer) {
    return trainer && trainer->last ? fv_plan_logits(trainer->last) : NULL;
}

fv_status fv_trainer_gradient_norms(const fv_trainer *trainer, double *norms, int count) {
    if (!trainer) return fv_last_status();
    int n = trainer->session.model->n_params;
    if (count != n) return fv_fail(FV_BAD_ARGUMENT, "norms of %d gradients: the model has %d parameters", count, n);
    if (trainer->step == 0) return fv_fail(FV_BAD_ARGUMENT, "norms of gradients: no step has been done");
    fv_plan_gradient_norms(trainer->last, norms);
    return FV_OK;
}

size_t fv_trainer_bytes(const fv_trainer *trainer) {
    if (!trainer) return 0;
    size_t target = (size_t)trainer->args.batch_size * (size_t)fv_model_outputs(trainer->session.model);
    size_t bytes = fv_session_bytes(&trainer->session) + target * sizeof *trainer->target;
    for (int i = 0; i < trainer->n_slots; i++) bytes += trainer->slots[i].bytes;
    return bytes;
}
