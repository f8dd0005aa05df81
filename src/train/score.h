/* Sums over images that become an evaluation. */
#ifndef TRAIN_SCORE_H
#define TRAIN_SCORE_H

#include "engine/model.h"
#include "fovea/train.h"

typedef struct fv_score {
    size_t n, top1, top5;
    double loss, weight;
} fv_score;

/* Adds n images with logits [n,K]. */
void fv_score_add(fv_score *score, const fv_model *model, const fv_loss *loss, const float *logits, const int *labels,
                  int n);
/* The same after a training step, which knows the mean loss of its images. */
void fv_score_add_step(fv_score *score, const fv_model *model, const fv_loss *loss, double mean, const float *logits,
                       const int *labels, int n);
fv_evaluation fv_score_result(const fv_score *score, const fv_model *model);

/* FV_OK if the dataset's classes are the model's: as many, or two for one logit. */
fv_status fv_check_classes(const fv_model *model, const fv_dataset *dataset);

#endif
