/* Element-wise operators, dropout, add, flatten, softmax, losses, reorders, updates. */
#include "ops/cases.h"
#include "ops/loss.h"
#include "ops/rooms.h"
#include "optim/optim.h"

#include <stdio.h>

/* [N,C,H,W], or [N,F] now and then. */
static fv_shape any_shape(lab *l) {
    if (lab_chance(l, 30)) return FV_SHAPE(lab_batch(l), lab_channels(l));
    return FV_SHAPE(lab_batch(l), lab_channels(l), lab_int(l, 1, 5), lab_int(l, 1, 5));
}

static fv_value *any_input(lab *l) { return lab_input(l, any_shape(l), LAB_NORMAL); }

static fv_value *relu(lab *l) { return fv_relu(any_input(l)); }
/* Beyond the kinks too. */
static fv_value *wide_input(lab *l) { return lab_input(l, any_shape(l), LAB_WIDE); }
static fv_value *relu6(lab *l) { return fv_relu6(wide_input(l)); }
static fv_value *hard_sigmoid(lab *l) { return fv_hard_sigmoid(wide_input(l)); }
static fv_value *hard_swish(lab *l) { return fv_hard_swish(wide_input(l)); }
static fv_value *sigmoid(lab *l) { return fv_sigmoid(any_input(l)); }
static fv_value *hyperbolic_tangent(lab *l) { return fv_tanh(any_input(l)); }
static fv_value *leaky_relu(lab *l) { return fv_leaky_relu(any_input(l), .slope = lab_chance(l, 50) ? 0 : 0.25f); }

static fv_value *dropout(lab *l) { return fv_dropout(any_input(l), 0.125f * (float)lab_int(l, 0, 7)); }

static fv_value *add(lab *l) {
    fv_shape shape = any_shape(l);
    fv_value *a = lab_input(l, shape, LAB_NORMAL);
    return fv_add(a, lab_input(l, shape, LAB_NORMAL));
}

static fv_value *flatten(lab *l) { return fv_flatten(any_input(l)); }

/* Values [N,features]. */
static fv_shape any_rows(lab *l) {
    return FV_SHAPE(lab_batch(l), l->small ? lab_int(l, 1, 5) : LAB_PICK(l, 1, 2, 10, 17, 100));
}

static fv_value *softmax(lab *l) { return fv_softmax(lab_input(l, any_rows(l), LAB_NORMAL)); }

/* ---- Losses ---------------------------------------------------------------------------------------------------- */

static fv_value *loss_node(lab *l, const fv_loss *loss, fv_shape shape, lab_fill target) {
    fv_value *logits = lab_input(l, shape, LAB_NORMAL);
    return fv_loss_node(l->graph, loss, logits, lab_given(l, shape, target));
}

static float any_smoothing(lab *l) { return lab_chance(l, 50) ? 0 : 0.125f; }
static float any_gamma(lab *l) { return lab_chance(l, 30) ? 0.5f : lab_chance(l, 50) ? 0 : 3; }
static lab_fill any_rows_of(lab *l, bool ignore) {
    return ignore ? LAB_PARTIAL : lab_chance(l, 50) ? LAB_SOFT : LAB_ONE_HOT;
}

static fv_value *cross_entropy(lab *l) {
    fv_loss loss = fv_cross_entropy(.label_smoothing = any_smoothing(l), .weight = lab_chance(l, 50) ? 0 : 0.25f);
    return loss_node(l, &loss, any_rows(l), lab_chance(l, 50) ? LAB_SOFT : LAB_ONE_HOT);
}

static fv_value *cross_entropy_weighted(lab *l) {
    float weights[100];
    for (int c = 0; c < FV_COUNT(weights); c++) weights[c] = 0.5f * (float)lab_int(l, c == 0, 4);
    fv_loss loss = fv_cross_entropy(.label_smoothing = any_smoothing(l), .class_weights = weights);
    return loss_node(l, &loss, any_rows(l), lab_chance(l, 50) ? LAB_SOFT : LAB_ONE_HOT);
}

static fv_value *cross_entropy_ignoring(lab *l) {
    fv_loss loss = fv_cross_entropy(.label_smoothing = any_smoothing(l), .ignore = true);
    return loss_node(l, &loss, any_rows(l), LAB_PARTIAL);
}

static fv_value *focal(lab *l) {
    float weights[100];
    for (int c = 0; c < FV_COUNT(weights); c++) weights[c] = 0.5f * (float)lab_int(l, c == 0, 4);
    fv_loss loss = fv_cross_entropy(.label_smoothing = any_smoothing(l), .gamma = any_gamma(l), .weight = 0.25f);
    if (lab_chance(l, 40)) loss.class_weights = weights;
    loss.ignore = lab_chance(l, 40);
    return loss_node(l, &loss, any_rows(l), any_rows_of(l, loss.ignore));
}

static fv_value *bce(lab *l) {
    fv_loss loss = fv_bce(.pos_weight = lab_chance(l, 50) ? 0 : 2.5f, .weight = lab_chance(l, 50) ? 0 : 0.25f);
    return loss_node(l, &loss, any_rows(l), LAB_UNIT);
}

static fv_value *bce_smooth_focal(lab *l) {
    fv_loss loss =
        fv_bce(.label_smoothing = any_smoothing(l), .gamma = any_gamma(l), .alpha = lab_chance(l, 50) ? 0 : 0.25f);
    loss.ignore = lab_chance(l, 40);
    return loss_node(l, &loss, any_rows(l), loss.ignore ? LAB_PARTIAL : LAB_UNIT);
}

static fv_value *bce_weighted(lab *l) {
    const float weights[] = {0.5f, lab_chance(l, 30) ? 0 : 3};
    fv_loss loss = fv_bce(.class_weights = weights, .gamma = any_gamma(l), .label_smoothing = any_smoothing(l));
    loss.ignore = lab_chance(l, 40);
    return loss_node(l, &loss, FV_SHAPE(lab_batch(l), 1), loss.ignore ? LAB_PARTIAL : LAB_UNIT);
}

/* ---- What has no gradient ---------------------------------------------------------------------------------------- */

static fv_value *reorder(lab *l) {
    fv_value *x = lab_given(l, any_shape(l), LAB_NORMAL);
    return fv_node_new(l->graph, &fv_reorder_op, NULL, NULL, &x, 1);
}

static fv_value *reorder_parameter(lab *l) {
    const int taps = LAB_PICK(l, 3, 5);
    const fv_shape filters = FV_SHAPE(lab_channels(l), lab_channels(l), taps, taps);
    fv_value *x = lab_state(l, "weight", lab_chance(l, 50) ? filters : any_shape(l), LAB_NORMAL);
    return fv_node_new(l->graph, &fv_reorder_parameter_op, NULL, NULL, &x, 1);
}

static fv_value *accumulate(lab *l) {
    fv_shape shape = any_shape(l);
    fv_value *param = lab_state(l, "weight", shape, LAB_NORMAL), *sum = lab_state(l, "sum", shape, LAB_NORMAL);
    return fv_accumulate_node(l->graph, param, lab_given(l, shape, LAB_NORMAL), sum);
}

static fv_value *grad_norm(lab *l) {
    fv_value *grads[100];
    int count = lab_int(l, 1, 30);
    for (int i = 0; i < count; i++) grads[i] = lab_given(l, any_shape(l), LAB_NORMAL);
    return fv_grad_norm_node(l->graph, grads, count);
}

typedef fv_value *maker(fv_graph *graph, const fv_rule *rule, const fv_hyper *hyper, fv_value *param, fv_value *grad,
                        fv_value *const slots[], fv_value *norm);

/* One step of an optimizer on one parameter, its slots as if some steps had been done. */
static fv_value *optimize(lab *l, const fv_optim *room, maker *make) {
    fv_shape shape = any_shape(l);
    fv_value *param = lab_state(l, "weight", shape, LAB_NORMAL), *grad = lab_given(l, shape, LAB_NORMAL);
    fv_value *slots[FV_MAX_SLOTS] = {0};
    fv_value *norm = lab_chance(l, 50) ? lab_given(l, (fv_shape){0}, LAB_POSITIVE) : NULL;
    const fv_optimizer o = fv_optimizer_resolved(&(fv_optimizer){.kind = room->kind});
    fv_hyper hyper = {
        .momentum = lab_chance(l, 50) ? o.momentum : 0.5f,
        .rho = o.rho,
        .momentum_decay = o.momentum_decay,
        .trust = o.trust,
        .centered = lab_chance(l, 50),
        .ema = make == fv_trust_node || lab_chance(l, 50) ? 0 : 0.75f,
        .beta1 = o.beta1,
        .beta2 = o.beta2,
        .epsilon = o.epsilon,
        .weight_decay = lab_chance(l, 50) ? 0 : 0.25f,
        .l1 = lab_chance(l, 50) ? 0 : 0.125f,
        .clip_norm = lab_chance(l, 50) ? 0.5f : 50,
        .clip_value = lab_chance(l, 50) ? 0 : 0.5f,
        .nesterov = lab_chance(l, 50),
    };
    for (int s = 0; s < fv_update_slots(&room->rule, &hyper); s++) {
        char name[16];
        snprintf(name, sizeof name, "slot%d", s);
        slots[s] = lab_state(l, name, shape, LAB_POSITIVE);
    }
    return make(l->graph, &room->rule, &hyper, param, grad, slots, norm);
}

static fv_value *update(lab *l, const fv_optim *room) { return optimize(l, room, fv_update_node); }
static fv_value *trust_lars(lab *l) { return optimize(l, &fv_lars_optim, fv_trust_node); }
static fv_value *trust_lamb(lab *l) { return optimize(l, &fv_lamb_optim, fv_trust_node); }

static fv_value *update_sgd(lab *l) { return update(l, &fv_sgd_optim); }
static fv_value *update_momentum(lab *l) { return update(l, &fv_momentum_optim); }
static fv_value *update_adam(lab *l) { return update(l, &fv_adam_optim); }
static fv_value *update_adamw(lab *l) { return update(l, &fv_adamw_optim); }
static fv_value *update_rmsprop(lab *l) { return update(l, &fv_rmsprop_optim); }
static fv_value *update_adagrad(lab *l) { return update(l, &fv_adagrad_optim); }
static fv_value *update_adadelta(lab *l) { return update(l, &fv_adadelta_optim); }
static fv_value *update_adamax(lab *l) { return update(l, &fv_adamax_optim); }
static fv_value *update_nadam(lab *l) { return update(l, &fv_nadam_optim); }
static fv_value *update_lars(lab *l) { return update(l, &fv_lars_optim); }
static fv_value *update_lamb(lab *l) { return update(l, &fv_lamb_optim); }
static fv_value *update_radam(lab *l) { return update(l, &fv_radam_optim); }

const lab_case lab_math_cases[] = {
    {"relu", relu, 0},
    {"leaky_relu", leaky_relu, 0},
    {"relu6", relu6, 0},
    {"hard_sigmoid", hard_sigmoid, 0},
    {"hard_swish", hard_swish, 0},
    {"sigmoid", sigmoid, 0},
    {"tanh", hyperbolic_tangent, 0},
    {"dropout", dropout, 0},
    {"add", add, 0},
    {"flatten", flatten, 0},
    {"softmax", softmax, 0},
    {"cross_entropy", cross_entropy, 0},
    {"cross_entropy: class weights", cross_entropy_weighted, 0},
    {"cross_entropy: ignoring", cross_entropy_ignoring, 0},
    {"cross_entropy: focal", focal, 0},
    {"bce_with_logits", bce, 0},
    {"bce_with_logits: smooth, focal", bce_smooth_focal, 0},
    {"bce_with_logits: class weights", bce_weighted, 0},
    {"reorder", reorder, 0},
    {"reorder_parameter", reorder_parameter, 0},
    {"accumulate", accumulate, 0},
    {"grad_norm", grad_norm, 0},
    {"update: sgd", update_sgd, 0},
    {"update: momentum", update_momentum, 0},
    {"update: adam", update_adam, 0},
    {"update: adamw", update_adamw, 0},
    {"update: rmsprop", update_rmsprop, 0},
    {"update: adagrad", update_adagrad, 0},
    {"update: adadelta", update_adadelta, 0},
    {"update: adamax", update_adamax, 0},
    {"update: nadam", update_nadam, 0},
    {"update: radam", update_radam, 0},
    {"update: lars", update_lars, 0},
    {"update: lamb", update_lamb, 0},
    {"trust: lars", trust_lars, 0},
    {"trust: lamb", trust_lamb, 0},
    {0},
};
