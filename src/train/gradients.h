/* Norms of gradients, their mean over an epoch's steps: what fv_fit_args.gradient_norms asks for. */
#ifndef TRAIN_GRADIENTS_H
#define TRAIN_GRADIENTS_H

#include "formats/json.h"
#include "train/trainer.h"

typedef struct fv_gradients {
    int n;          /* parameters of the model; 0: nobody asks */
    uint64_t steps; /* of the epoch so far that were looked at */
    double *sum;    /* [n] of their norms; NAN for a parameter that is not trained */
    double *mean;   /* [n] of the epoch that was closed last */
} fv_gradients;

/* Of a trainer with its plans made. What *gradients is afterwards is freed by fv_gradients_free, on failure too. */
fv_status fv_gradients_start(fv_gradients *gradients, const fv_trainer *trainer);
void fv_gradients_free(fv_gradients *gradients);

/* Frozen parameters are trained now: at the begin of an epoch, or after fv_gradients_from_json within it. */
fv_status fv_gradients_grow(fv_gradients *gradients, const fv_trainer *trainer);

/* Adds those of the trainer's last step. */
void fv_gradients_add(fv_gradients *gradients, const fv_trainer *trainer);
/* Ends an epoch: gradients->mean is set, the sums begin anew. */
void fv_gradients_close(fv_gradients *gradients);

/* {"conv1.weight":0.125,...}: the means, of trained parameters alone. NULL on failure; fv_free it. */
char *fv_gradients_text(const fv_gradients *gradients, const fv_model *model);

/* The epoch so far, for the run's state. */
json_t *fv_gradients_to_json(const fv_gradients *gradients);
fv_status fv_gradients_from_json(const char *where, const json_t *object, fv_gradients *gradients);

#endif
