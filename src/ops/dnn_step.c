#include "ops/dnn_step.h"

static void free_prim(void *state) { fv_prim_free(state); }

void fv_dnn_settle(fv_step *step, fv_prim *prim, fv_layout *weights) {
    step->refused = prim == NULL;
    if (!prim) return;
    step->state = prim;
    step->free_state = free_prim;
    step->detail = fv_prim_implementation(prim);
    step->scratch_bytes = fv_prim_scratch(prim);
    const fv_dnn_layout *layout = fv_prim_weights(prim);
    if (weights && layout && !fv_dnn_layout_is_plain(layout))
        *weights = (fv_layout){.kind = FV_OPAQUE, .opaque = layout, .master = fv_prim_master(prim)};
}

const fv_prim *fv_dnn_forward(const fv_step *step) {
    return step->forward && step->forward->free_state == free_prim ? step->forward->state : NULL;
}

void fv_dnn_run(const fv_step *step, const fv_prim_args *args) {
    fv_prim_args all = *args;
    all.scratch = step->scratch;
    fv_step_ended(step, fv_prim_run(step->state, &all));
}
