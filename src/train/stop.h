/* The request to stop, as fit reads it. */
#ifndef TRAIN_STOP_H
#define TRAIN_STOP_H

#include <stdbool.h>

bool fv_stop_requested(void);

#endif
