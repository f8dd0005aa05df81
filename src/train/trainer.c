/* One optimizer step after another: a training session, the optimizer's slots, and targets made from labels or shares. */
#include "train/trainer.h"

#include "core/memory.h"
#include "metrics/metrics.h"
#include "ops/loss.h"
#include "optim/optim.h"
#include "optim/treatments.h"

#include <math.h>
#include <string.h>

/* ---- What the plan is made of ---------------------------------------------------------------------------------------- */

static fv_value *add_loss(void *user, fv_graph *graph, fv_value *logits, fv_value *target, float weight) {
    const fv_trainer *trainer = user;
    fv_loss loss = trainer->args.loss;
    const float *w = loss.class_weights;
    int positive = trainer->session.model->positive;
    const bool one = w && logits->shape.dim[1] == 1;
    const float by_sign[2] = {one ? w[1 - positive] : 0, one ? w[positive] : 0};
    if (one) loss.class_weights = by_sign;
    loss.weight = (loss.weight == 0 ? 1 : loss.weight) * weight;
    return fv_loss_node(graph, &loss, logits, target);
}

static fv_treatment treatment(void *user, const fv_param *param) {
    const fv_trainer *trainer = user;
    fv_treatment t = trainer->treatments[param - trainer->session.model->params];
    if (t.frozen && trainer->thawed) t = (fv_treatment){.lr_scale = t.lr_scale, .first_step = trainer->thawed_at};
    return t;
}

static bool is_sum(const char *name) {
    size_t length = strlen(name), end = sizeof "." FV_SUM_SLOT - 1;
    return length > end && strcmp(name + length - end, "." FV_SUM_SLOT) == 0;
}

/* The storage of a slot leaf: made, as zeros, when a plan first asks for it; later plans share it. */
static fv_status bind_slot(fv_trainer *trainer, fv_node *leaf) {
    bool sum = is_sum(leaf->name);
    fv_param *slots = sum ? trainer->sums : trainer->slots;
    int *n = sum ? &trainer->n_sums : &trainer->n_slots;
    for (int i = 0; i < *n; i++)
        if (strcmp(slots[i].name, leaf->name) == 0) {
            leaf->param = &slots[i];
            return FV_OK;
        }
    FV_TRY(fv_param_init(&slots[*n], leaf->name, fv_parameter_of(leaf), 0));
    leaf->param = &slots[(*n)++];
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
    fv_status status =
        fv_optimizer_build(graph, &trainer->args.optimizer, &(fv_extras){trainer->args.ema, trainer->args.accumulate},
                           params, params + n_grads, count);
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
    if (!(trainer->args.ema >= 0 && trainer->args.ema < 1))
        return fv_fail(FV_BAD_ARGUMENT, "ema %g: must be at least 0 and below 1", (double)trainer->args.ema);
    FV_TRY(copy_class_weights(trainer));
    trainer->treatments = FV_NEW_N(fv_treatment, (size_t)session->model->n_params);
    if (!trainer->treatments) return FV_NO_MEMORY;
    FV_TRY(fv_treatments_of(trainer->args.parts, trainer->args.n_parts, session->model, trainer->treatments));
    trainer->loss = fv_loss_resolved(&trainer->args.loss, fv_model_outputs(session->model));
    trainer->slots = FV_NEW_N(fv_param, (size_t)session->model->n_params * FV_MAX_SLOTS);
    trainer->sums = FV_NEW_N(fv_param, (size_t)session->model->n_params);
    size_t outputs = (size_t)fv_model_outputs(session->model);
    trainer->target =
        !trainer->slots || !trainer->sums ? NULL : fv_alloc((size_t)trainer->args.batch_size * outputs, sizeof(float));
    session->team = trainer->team = trainer->target ? fv_team_new(trainer->args.threads) : NULL;
    if (!trainer->team) return FV_NO_MEMORY;
    session->args = (fv_plan_args){.precision = trainer->args.precision,
                                   .reference = trainer->args.reference,
                                   .keep_maps = trainer->args.maps == FV_MAPS_KEPT,
                                   .remake_maps = trainer->args.maps == FV_MAPS_AGAIN,
                                   .tuning = trainer->args.tuning,
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
    for (int i = 0; i < trainer->n_sums; i++) fv_param_free(&trainer->sums[i]);
    fv_free(trainer->slots);
    fv_free(trainer->treatments);
    fv_free(trainer->sums);
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
    fv_trainer_show_average(trainer, false); /* frozen parts have none */
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

/* Targets [n,K] from what the caller gave; what the images count in a mean is added up. */

static fv_status bad_label(const fv_trainer *trainer, int label, int image) {
    return fv_fail(FV_BAD_DATA, "label %d of image %d: must be from 0 to %d", label, image, trainer->classes - 1);
}

/* One logit: 1 for the positive class. Several: one-hot. */
static fv_status fill_from_labels(fv_trainer *trainer, const int *labels, int n) {
    const int outputs = fv_model_outputs(trainer->session.model), positive = trainer->session.model->positive;
    const float *weights = trainer->loss.class_weights;
    float *target = trainer->target;
    for (int i = 0; i < n; i++, target += outputs) {
        bool ignored = fv_is_ignored(&trainer->loss, labels[i]);
        if (!ignored && (labels[i] < 0 || labels[i] >= trainer->classes)) return bad_label(trainer, labels[i], i);
        for (int c = 0; c < outputs; c++)
            target[c] = ignored ? -1 : outputs == 1 ? labels[i] == positive : labels[i] == c;
        if (!ignored) trainer->weight += weights ? (double)weights[labels[i]] : 1;
    }
    return FV_OK;
}

/* FV_OK if it is a distribution, or, of bce's independent labels, each from 0 to 1. */
static fv_status check_shares(const fv_trainer *trainer, const float *shares, int image) {
    bool independent = trainer->loss.kind == FV_BCE && fv_model_outputs(trainer->session.model) > 1;
    double sum = 0;
    for (int c = 0; c < trainer->classes; c++) {
        if (!(shares[c] >= 0 && shares[c] <= 1))
            return fv_fail(FV_BAD_DATA, "target %g of class %d, image %d: must be from 0 to 1", (double)shares[c], c,
                           image);
        sum += (double)shares[c];
    }
    if (independent || fabs(sum - 1) < 1e-3) return FV_OK;
    return fv_fail(FV_BAD_DATA, "the targets of image %d sum to %g: must be 1", image, sum);
}

/* One logit: the positive class's share. */
static fv_status fill_from_shares(fv_trainer *trainer, const float *shares, int n) {
    const int outputs = fv_model_outputs(trainer->session.model), classes = trainer->classes;
    const float *weights = trainer->loss.class_weights;
    for (int i = 0; i < n; i++, shares += classes) {
        FV_TRY(check_shares(trainer, shares, i));
        if (outputs == 1)
            trainer->target[i] = shares[trainer->session.model->positive];
        else
            memcpy(trainer->target + (size_t)i * (size_t)outputs, shares, (size_t)outputs * sizeof *shares);
        for (int c = 0; c < classes && weights; c++) trainer->weight += (double)(weights[c] * shares[c]);
        if (!weights) trainer->weight++;
    }
    return FV_OK;
}

/* Batches of a group have dropout masks of their own. */
static uint64_t seed_of(const fv_trainer *trainer) {
    return trainer->args.seed + (uint64_t)trainer->held * 0x9e3779b97f4a7c15u;
}

/* What a batch is made of: labels or shares. */
typedef struct examples {
    const float *x;
    const int *labels;
    const float *shares;
    int n;
} examples;

/* One batch; it ends its group unless `hold` is set. */
static fv_status run_batch(fv_trainer *trainer, const examples *e, float lr, bool hold, float *loss) {
    const int n = e->n;
    if (n < 1 || n > trainer->args.batch_size)
        return fv_fail(FV_BAD_ARGUMENT, "a batch of %d images: must be from 1 to batch_size %d", n,
                       trainer->args.batch_size);
    if (!e->x || (!e->labels && !e->shares))
        return fv_fail(FV_BAD_ARGUMENT, "a step without %s", e->x ? "labels" : "images");
    fv_trainer_show_average(trainer, false);
    if (!(lr >= 0 || lr == FV_ZERO)) return fv_fail(FV_BAD_ARGUMENT, "lr %g: must be above 0", (double)lr);
    trainer->weight = 0;
    FV_TRY(e->shares ? fill_from_shares(trainer, e->shares, n) : fill_from_labels(trainer, e->labels, n));
    fv_plan *plan = fv_session_plan(&trainer->session, n);
    if (!plan) return fv_last_status();
    fv_group group = {.weight = (float)trainer->weight, .first = trainer->held == 0, .hold = hold};
    trainer->group_weight = group.weight + (group.first ? 0 : trainer->group_weight);
    group.total = trainer->group_weight > 0 ? trainer->group_weight : 1; /* all left out: their gradient is 0 */
    FV_TRY(fv_plan_run(plan, &(fv_plan_input){.x = e->x,
                                              .target = trainer->target,
                                              .seed = seed_of(trainer),
                                              .step = trainer->step,
                                              .group = group,
                                              .lr = lr > 0          ? lr
                                                    : lr == FV_ZERO ? 0
                                                                    : trainer->lr}));
    trainer->held = hold ? trainer->held + 1 : 0;
    trainer->step += !hold;
    trainer->last = plan;
    if (loss) *loss = fv_plan_mean_loss(plan);
    return FV_OK;
}

static fv_status step(fv_trainer *trainer, const examples *e, float lr, float *loss) {
    return trainer ? run_batch(trainer, e, lr, false, loss) : fv_last_status();
}

static fv_status accumulate(fv_trainer *trainer, const examples *e, float *loss) {
    if (!trainer) return fv_last_status();
    if (!trainer->args.accumulate)
        return fv_fail(FV_BAD_ARGUMENT, "accumulate: the trainer was made for a step with each batch");
    return run_batch(trainer, e, 0, true, loss);
}

fv_status fv_trainer_step(fv_trainer *trainer, const float *x, const int *labels, int n, float lr, float *loss) {
    return step(trainer, &(examples){.x = x, .labels = labels, .n = n}, lr, loss);
}

fv_status fv_trainer_step_soft(fv_trainer *trainer, const float *x, const float *targets, int n, float lr,
                               float *loss) {
    return step(trainer, &(examples){.x = x, .shares = targets, .n = n}, lr, loss);
}

fv_status fv_trainer_accumulate(fv_trainer *trainer, const float *x, const int *labels, int n, float *loss) {
    return accumulate(trainer, &(examples){.x = x, .labels = labels, .n = n}, loss);
}

fv_status fv_trainer_accumulate_soft(fv_trainer *trainer, const float *x, const float *targets, int n, float *loss) {
    return accumulate(trainer, &(examples){.x = x, .shares = targets, .n = n}, loss);
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

/* ---- Averages of the weights ---------------------------------------------------------------------------------------- */

/* The slot "PARAMETER.ema"; NULL where the parameter has none. */
static fv_param *average_of(const fv_trainer *trainer, const fv_param *param) {
    size_t length = strlen(param->name);
    for (fv_param *slot = trainer->slots; slot < trainer->slots + trainer->n_slots; slot++)
        if (strncmp(slot->name, param->name, length) == 0 && strcmp(slot->name + length, "." FV_EMA_SLOT) == 0)
            return slot;
    return NULL;
}

/* Both lie in one layout, which plans rely on, and at addresses that they hold: only the numbers change places. */
static void swap(fv_param *a, fv_param *b) {
    for (size_t i = 0; i < a->bytes / sizeof(float); i++) {
        float number = a->data[i];
        a->data[i] = b->data[i];
        b->data[i] = number;
    }
    a->version++;
    b->version++;
}

void fv_trainer_show_average(fv_trainer *trainer, bool show) {
    if (!trainer || show == trainer->averaged || trainer->args.ema == 0 || trainer->step == 0) return;
    const fv_model *model = trainer->session.model;
    for (fv_param *param = model->params; param < model->params + model->n_params; param++) {
        fv_param *average = average_of(trainer, param);
        if (average && !treatment(trainer, param).frozen) swap(param, average);
    }
    trainer->averaged = show;
}

size_t fv_trainer_bytes(const fv_trainer *trainer) {
    if (!trainer) return 0;
    size_t target = (size_t)trainer->args.batch_size * (size_t)fv_model_outputs(trainer->session.model);
    size_t bytes = fv_session_bytes(&trainer->session) + target * sizeof *trainer->target;
    for (int i = 0; i < trainer->n_slots; i++) bytes += trainer->slots[i].bytes;
    for (int i = 0; i < trainer->n_sums; i++) bytes += trainer->sums[i].bytes;
    return bytes;
}
