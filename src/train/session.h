/* What training, evaluation and prediction share: a team, and plans of one model by batch size. */
#ifndef TRAIN_SESSION_H
#define TRAIN_SESSION_H

#include "engine/plan.h"
#include "fovea/train.h"

enum { FV_SESSION_PLANS = 4 };

/* Plans are made when a batch size is first met, and kept; the least recently used one goes when there are too many. */
struct fv_features;

typedef struct fv_session {
    fv_model *model;
    fv_team *team;     /* borrowed */
    fv_plan_args args; /* of every plan; batch is set for each */
    struct fv_features
        *features; /* what its plans take for images, if their `from` is set (train/features.h); borrowed */
    fv_plan *plans[FV_SESSION_PLANS]; /* most recently used first */
} fv_session;

/* Makes the plans of every batch that `count` images in batches of `batch` come to. Whether they fit into memory is the
 * caller's to ask (fv_memory_check) before any of them runs. */
fv_status fv_session_prepare(fv_session *session, size_t count, int batch);
/* The plan for batches of n images; NULL on failure. One that is only made now is checked to fit. */
fv_plan *fv_session_plan(fv_session *session, int n);
size_t fv_session_bytes(const fv_session *session); /* of its plans */
void fv_session_free(fv_session *session);          /* its plans; the team is the owner's */

#endif
