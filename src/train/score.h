/* Sums over images that become an evaluation. */
#ifndef TRAIN_SCORE_H
#define TRAIN_SCORE_H

#include "engine/model.h"
#include "fovea/train.h"

/* What is counted of each image. */
typedef struct fv_scoring {
    const fv_model *model;
    const fv_loss *loss; /* with its defaults filled in: fv_loss_resolved */
    int k[FV_TOPK];      /* of top-k; 0: no more */
    fv_tally *tally;     /* NULL: none; else one of the model's classes */
} fv_scoring;

typedef struct fv_score {
    size_t n, top1, top5, topk[FV_TOPK];
    double loss, weight;
} fv_score;

/* Adds n images with logits [n,K]. */
fv_status fv_score_add(fv_score *score, const fv_scoring *scoring, const float *logits, const int *labels, int n);
/* The same after a training step, which knows the mean loss of its images and what they count in a mean; without a tally. */
void fv_score_add_step(fv_score *score, const fv_scoring *scoring, double mean, double weight, const float *logits,
                       const int *labels, int n);
/* The mean loss; 0 where nothing counts: only images that are left out, or classes of weight 0. */
double fv_score_loss(const fv_score *score);
/* Without what only a tally knows. */
fv_evaluation fv_score_result(const fv_score *score, const fv_scoring *scoring);

/* The class that logits [K] of an image stand for. */
int fv_logits_class(const fv_model *model, const float *logits);
/* FV_OK if the dataset's classes are the model's: as many, or two for one logit. */
fv_status fv_check_classes(const fv_model *model, const fv_dataset *dataset);
/* The k of top-k: as asked for, checked; else 1 and 5, as far as there are classes. */
fv_status fv_topk_for(const fv_model *model, const int asked[FV_TOPK], int k[FV_TOPK]);

#endif
