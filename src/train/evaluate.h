/* Evaluation within a session: what fit and fv_evaluate share. */
#ifndef TRAIN_EVALUATE_H
#define TRAIN_EVALUATE_H

#include "train/score.h"
#include "train/session.h"

/* Evaluates on the session's inference plans; what is read and prepared comes from a loader of its own. */
fv_status fv_session_evaluate(fv_session *session, const fv_dataset *dataset, const fv_evaluate_args *args,
                              fv_evaluation *result);

#endif
