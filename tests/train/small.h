/* A small set, a small network and a run that can stop itself. */
#ifndef TRAIN_SMALL_H
#define TRAIN_SMALL_H

#include "fovea/fovea.h"

enum { COUNT = 60, SIDE = 8, CLASSES = 3 };

/* Gray images whose brightest third tells the class, and (classes > CLASSES) classes that have none. */
fv_dataset *small_set(int classes);
extern uint8_t small_pixels[COUNT * SIDE * SIDE]; /* filled by small_set */

/* Gray images of two classes that overlap, in turn; and a linear classifier. */
fv_dataset *two_classes(void);
fv_model *flat_model(int outputs);

/* Batch norm and dropout: running statistics and random masks are part of what a resume has to get right. */
fv_model *small_model(void);

/* What a run is to do, and what it said. */
typedef struct watch {
    uint64_t stop_at, fail_at; /* steps; 0: never */
    double loss, top1;         /* of the last validation */
    double trained;            /* the training loss of the last epoch */
    int epochs, steps;
} watch;

/* fv_fit on the small set, which validates too; batches of 16 and two threads unless told otherwise. */
fv_status small_fit(fv_model *model, fv_fit_args args, watch *w);

void assert_same_weights(const fv_model *a, const fv_model *b);

#endif
