#include "ops/loss.h"

#include "core/suggest.h"
#include "kernels/cpu.h"
#include "ops/rooms.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Focal loss is one of the others by the time that a node is made. */
static const struct {
    fv_loss_kind kind;
    const char *name;
    fv_value *(*node)(fv_graph *graph, const fv_loss *loss, fv_value *logits, fv_value *target);
} losses[] = {
    {FV_CROSS_ENTROPY, "cross_entropy", fv_cross_entropy_node},
    {FV_BCE, "bce", fv_bce_node},
    {FV_FOCAL, "focal", NULL},
};

/* ---- Options --------------------------------------------------------------------------------------------------- */

/* They must be 0 or more, finite, and not all 0. */
static fv_status check_weights(const float *weights, int classes) {
    float largest = 0;
    for (int c = 0; c < classes; c++) {
        if (!(weights[c] >= 0 && weights[c] <= FLT_MAX))
            return fv_fail(FV_BAD_ARGUMENT, "class weight %g of class %d: must be 0 or more, and finite", weights[c],
                           c);
        largest = fmaxf(largest, weights[c]);
    }
    if (largest > 0) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "all %d class weights are 0: nothing to learn from", classes);
}

fv_status fv_loss_check(const fv_loss *loss) {
    if (!(loss->label_smoothing >= 0 && loss->label_smoothing < 1))
        return fv_fail(FV_BAD_ARGUMENT, "label_smoothing %g: must be from 0 and below 1", loss->label_smoothing);
    if (!(loss->pos_weight >= 0 && loss->pos_weight <= FLT_MAX))
        return fv_fail(FV_BAD_ARGUMENT, "pos_weight %g: must be above 0 and finite", loss->pos_weight);
    if (!(loss->weight >= 0 && loss->weight <= FLT_MAX))
        return fv_fail(FV_BAD_ARGUMENT, "weight %g of the loss: must be above 0 and finite", loss->weight);
    if (!((loss->gamma >= 0 && loss->gamma <= FV_MOST_GAMMA) || loss->gamma == FV_ZERO))
        return fv_fail(FV_BAD_ARGUMENT, "gamma %g: must be from 0 to %d", loss->gamma, FV_MOST_GAMMA);
    if (!(loss->alpha >= 0 && loss->alpha < 1))
        return fv_fail(FV_BAD_ARGUMENT, "alpha %g: must be above 0 and below 1", loss->alpha);
    if (loss->kind == FV_CROSS_ENTROPY && (loss->pos_weight != 0 || loss->alpha != 0))
        return fv_fail(FV_BAD_ARGUMENT, "cross_entropy takes no pos_weight and no alpha (it has class_weights)");
    return FV_OK;
}

fv_status fv_loss_check_for(const fv_loss *loss, int outputs) {
    const fv_loss_kind kind = fv_loss_resolved(loss, outputs).kind;
    fv_loss of_kind = *loss;
    of_kind.kind = kind;
    FV_TRY(fv_loss_check(&of_kind));
    if (!loss->class_weights) return FV_OK;
    if (kind == FV_BCE && outputs > 1)
        return fv_fail(FV_BAD_ARGUMENT, "bce of %d logits takes no class_weights (it has pos_weight)", outputs);
    return check_weights(loss->class_weights, outputs == 1 ? 2 : outputs);
}

fv_status fv_loss_named(const char *name, fv_loss *loss) {
    const char *names[FV_COUNT(losses)];
    for (int i = 0; i < FV_COUNT(losses); i++) {
        if (strcmp(losses[i].name, name) == 0) {
            *loss = (fv_loss){.kind = losses[i].kind};
            return FV_OK;
        }
        names[i] = losses[i].name;
    }
    return fv_fail_unknown("loss", name, names, FV_COUNT(losses));
}

const char *fv_loss_name(int index) { return index >= 0 && index < FV_COUNT(losses) ? losses[index].name : NULL; }

const char *fv_loss_kind_name(fv_loss_kind kind) {
    for (int i = 0; i < FV_COUNT(losses); i++)
        if (losses[i].kind == kind) return losses[i].name;
    return NULL;
}

fv_loss fv_loss_resolved(const fv_loss *loss, int outputs) {
    fv_loss resolved = *loss;
    bool open = loss->kind == FV_LOSS_DEFAULT || loss->kind == FV_FOCAL;
    if (open) resolved.kind = outputs == 1 ? FV_BCE : FV_CROSS_ENTROPY;
    if (loss->kind == FV_FOCAL && loss->gamma == 0) resolved.gamma = 2;
    if (loss->gamma == FV_ZERO) resolved.gamma = 0;
    if (resolved.weight == 0) resolved.weight = 1;
    if (resolved.pos_weight == 0) resolved.pos_weight = 1;
    return resolved;
}

fv_value *fv_loss_node(fv_graph *graph, const fv_loss *loss, fv_value *logits, fv_value *target) {
    if (!graph || !logits || !target) return NULL;
    int outputs = logits->shape.dim[1];
    fv_loss resolved = fv_loss_resolved(loss, outputs);
    if (fv_loss_check_for(loss, outputs)) return NULL;
    for (int i = 0; i < FV_COUNT(losses); i++)
        if (losses[i].kind == resolved.kind) return losses[i].node(graph, &resolved, logits, target);
    fv_fail(FV_BAD_ARGUMENT, "loss kind %d: there is none", (int)resolved.kind);
    return NULL;
}

/* ---- What the rooms share --------------------------------------------------------------------------------------- */

fv_status fv_infer_loss(const fv_node *node, fv_shape out[]) {
    const fv_shape *logits = &node->in[0]->shape, *target = &node->in[1]->shape;
    char text[2][64];
    if (logits->rank != 2 || !fv_shape_equal(logits, target))
        return fv_fail_node(FV_BAD_ARGUMENT, node, "logits %s and target %s: both must be [N,classes]",
                            fv_shape_text(logits, true, text[0]), fv_shape_text(target, true, text[1]));
    out[0] = (fv_shape){0};
    out[1] = *logits;
    return FV_OK;
}

fv_status fv_grad_loss(fv_node *node, fv_value *const dy[], fv_value *dx[]) {
    if (dy[0] || dy[1])
        return fv_fail_node(FV_UNSUPPORTED, node, "is the end of a network: nothing may be computed from it");
    dx[0] = &node->out[1];
    return FV_OK;
}

/* Images, lanes beyond N included. */
static size_t images_of(const fv_step *step) {
    int n = step->node->in[0]->shape.dim[0];
    return step->in_layout[0].kind == FV_BATCH ? (size_t)fv_groups(n) * FV_BATCH_WIDTH : (size_t)n;
}

fv_status fv_plan_loss(fv_step *step, size_t more) {
    step->out_layout[0] = (fv_layout){.kind = FV_PLAIN, .parts = step->threads};
    step->scratch_bytes = (images_of(step) + more) * sizeof(float);
    return FV_OK;
}

fv_loss_share fv_share_loss(const fv_step *step, int thread, int nthreads) {
    const fv_shape *shape = &step->node->in[0]->shape;
    fv_loss_share s = {.n = shape->dim[0], .classes = shape->dim[1], .batch = step->in_layout[0].kind == FV_BATCH};
    fv_share(s.batch ? fv_groups(s.n) : s.n, thread, nthreads, &s.begin, &s.end);
    s.z = step->in[0], s.t = step->in[1], s.dz = step->out[1];
    s.loss = step->scratch, s.free = s.loss + images_of(step);
    return s;
}

void fv_sum_loss(const fv_step *step, const fv_loss_share *share, int thread, double factor) {
    const int lanes = share->batch ? FV_BATCH_WIDTH : 1;
    double sum = 0;
    for (int i = share->begin * lanes; i < share->end * lanes; i++) sum += share->loss[i];
    ((float *)step->out[0])[thread] = (float)(sum * factor);
}
