/* One optimizer step after another: a training session, the optimizer's slots, and targets made from labels. */
#include "train/trainer.h"

#include "core/memory.h"
#include "ops/loss.h"
#include "optim/optim.h"

#include <string.h>

/* ---- What the plan is made of ---------------------------------------------------------------------------------------- */

static fv_value *add_loss(void *user, fv_graph *graph, fv_value *logits, fv_value *target) {
    const fv_trainer *trainer = user;
    return fv_loss_node(graph, &trainer->args.loss, logits, target);
}

/* The leaves of a parameter's slots. */
static fv_status add_slots(const fv_trainer *trainer, fv_graph *graph, const fv_param *param, fv_value *leaves[]) {
    const fv_model *model = trainer->session.model;
    for (int s = 0; s < trainer->rule->n_slots; s++) {
        fv_param *slot = &trainer->slots[(param - model->params) * trainer->rule->n_slots + s];
        leaves[s] = fv_node_new(graph, &fv_parameter_op, slot->name, &slot->info, NULL, 0);
        if (!leaves[s]) return fv_last_status();
        leaves[s]->node->param = slot;
    }
    return FV_OK;
}

static fv_status add_update(const fv_trainer *trainer, fv_graph *graph, fv_node *leaf, fv_value *grad, fv_value *norm) {
    fv_value *slots[FV_MAX_SLOTS];
    fv_hyper hyper = trainer->hyper;
    if (trainer->args.optimizer.decay_exclude_norm_and_bias && leaf->param->info.no_decay) hyper.weight_decay = hyper.l1 = 0;
    FV_TRY(add_slots(trainer, graph, leaf->param, slots));
    return fv_update_node(graph, trainer->rule, &hyper, &leaf->out[0], grad, slots, norm) ? FV_OK : fv_last_status();
}

/* The node of all gradients' norm; *norm stays NULL where they are not clipped. */
static fv_status add_norm(const fv_trainer *trainer, fv_graph *graph, fv_value *const grads[], int n_grads, fv_value **norm) {
    if (trainer->hyper.clip_norm == 0) return FV_OK;
    fv_value **present = FV_NEW_N(fv_value *, (size_t)n_grads);
    if (!present) return FV_NO_MEMORY;
    int n = 0;
    for (int id = 0; id < n_grads; id++)
        if (grads[id]) present[n++] = grads[id];
    *norm = fv_grad_norm_node(graph, present, n);
    fv_free(present);
    return *norm ? FV_OK : fv_last_status();
}

static fv_status add_updates(void *user, fv_graph *graph, fv_value *const grads[], int n_grads) {
    const fv_trainer *trainer = user;
    fv_value *norm = NULL;
    FV_TRY(add_norm(trainer, graph, grads, n_grads, &norm));
    for (int id = 0; id < n_grads; id++)
        if (grads[id]) FV_TRY(add_update(trainer, graph, graph->nodes[id], grads[id], norm));
    return FV_OK;
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

static fv_status make_slots(fv_trainer *trainer) {
    const fv_model *model = trainer->session.model;
    int per_param = trainer->rule->n_slots;
    trainer->slots = FV_NEW_N(fv_param, (size_t)(model->n_params * per_param));
    if (!trainer->slots) return FV_NO_MEMORY;
    for (int i = 0; i < model->n_params * per_param; i++) {
        const fv_param *param = &model->params[i / per_param];
        char *name = fv_format("%s.%s", trainer->rule->slot_names[i % per_param], param->name);
        if (!name) return FV_NO_MEMORY;
        fv_parameter info = {.shape = param->info.shape, .state = true};
        fv_status status = fv_param_init(&trainer->slots[i], name, &info, 0);
        fv_free(name);
        FV_TRY(status);
        trainer->n_slots++;
    }
    return FV_OK;
}

static fv_status start(fv_trainer *trainer) {
    fv_session *session = &trainer->session;
    FV_TRY(fv_loss_check(&trainer->args.loss));
    FV_TRY(fv_optimizer_resolve(&trainer->args.optimizer, &trainer->rule, &trainer->hyper, &trainer->args.optimizer.lr));
    if (trainer->args.batch_size < 1)
        return fv_fail(FV_BAD_ARGUMENT, "batch size %d: must be at least 1", trainer->args.batch_size);
    FV_TRY(copy_class_weights(trainer));
    FV_TRY(make_slots(trainer));
    size_t outputs = (size_t)fv_model_outputs(session->model);
    trainer->target = fv_alloc((size_t)trainer->args.batch_size * outputs, sizeof(float));
    session->team = trainer->team = trainer->target ? fv_team_new(trainer->args.threads) : NULL;
    if (!trainer->team) return FV_NO_MEMORY;
    session->args = (fv_plan_args){.reference = trainer->args.reference, .loss = add_loss, .updates = add_updates, .user = trainer};
    trainer->last = fv_session_plan(session, trainer->args.batch_size);
    return trainer->last ? FV_OK : fv_last_status();
}

fv_trainer *fv_trainer_new_with(fv_model *model, const fv_trainer_args *args) {
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

void fv_trainer_free(fv_trainer *trainer) {
    if (!trainer) return;
    fv_session_free(&trainer->session);
    fv_team_free(trainer->team);
    for (int i = 0; i < trainer->n_slots; i++) fv_param_free(&trainer->slots[i]);
    fv_free(trainer->slots);
    fv_free(trainer->target);
    fv_free(trainer->class_weights);
    fv_free(trainer);
}

/* ---- Steps ---------------------------------------------------------------------------------------------------------------- */

/* One logit: 1 for the positive class. Several: one-hot. */
static fv_status fill_target(fv_trainer *trainer, const int *labels, int n) {
    int outputs = fv_model_outputs(trainer->session.model), positive = trainer->session.model->positive;
    memset(trainer->target, 0, (size_t)n * (size_t)outputs * sizeof(float));
    for (int i = 0; i < n; i++) {
        if (labels[i] < 0 || labels[i] >= trainer->classes)
            return fv_fail(FV_BAD_DATA, "label %d of image %d: must be from 0 to %d", labels[i], i, trainer->classes - 1);
        if (outputs == 1) trainer->target[i] = labels[i] == positive;
        else trainer->target[(size_t)i * (size_t)outputs + (size_t)labels[i]] = 1;
    }
    return FV_OK;
}

fv_status fv_trainer_step(fv_trainer *trainer, const float *x, const int *labels, int n, float lr, float *loss) {
    if (!trainer) return fv_last_status();
    if (n < 1 || n > trainer->args.batch_size)
        return fv_fail(FV_BAD_ARGUMENT, "a batch of %d images: must be from 1 to batch_size %d", n, trainer->args.batch_size);
    FV_TRY(fill_target(trainer, labels, n));
    fv_plan *plan = fv_session_plan(&trainer->session, n);
    if (!plan) return fv_last_status();
    FV_TRY(fv_plan_run(plan, &(fv_plan_input){.x = x, .target = trainer->target, .seed = trainer->args.seed, .step = trainer->step,
                                              .lr = lr > 0 ? lr : trainer->args.optimizer.lr}));
    trainer->step++;
    trainer->last = plan;
    if (loss) *loss = fv_plan_loss(plan);
    return FV_OK;
}

const float *fv_trainer_logits(const fv_trainer *trainer) { return fv_plan_logits(trainer->last); }

size_t fv_trainer_bytes(const fv_trainer *trainer) {
    size_t bytes = 0;
    for (int i = 0; i < FV_SESSION_PLANS; i++)
        if (trainer->session.plans[i]) bytes += fv_plan_bytes(trainer->session.plans[i]);
    for (int i = 0; i < trainer->n_slots; i++) bytes += trainer->slots[i].bytes;
    return bytes;
}
