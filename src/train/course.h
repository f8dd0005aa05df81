/* The course of a run: what all its numbers follow from and what it may not change half way, as a JSON document. It lies in
 * the run's state; a run that is resumed must have the same one. */
#ifndef TRAIN_COURSE_H
#define TRAIN_COURSE_H

#include "formats/json.h"
#include "train/trainer.h"

/* NULL for want of memory, without a message. `args` and `images`, of the training set, are fv_fit's. */
json_t *fv_course_to_json(const fv_trainer *trainer, const fv_fit_args *args, size_t images);

/* FV_BAD_ARGUMENT, naming the first place where they differ and both values: "optimizer.lr 0.01, not 0.02". */
fv_status fv_course_check(const char *where, const json_t *started, const json_t *now);

#endif
