/* Optimizers and schedules with their options, for help. */
#ifndef OPTIM_HELP_H
#define OPTIM_HELP_H

#include <stdbool.h>
#include <stddef.h>

/* "momentum:lr=0.01,momentum=0.9,nesterov": the index-th optimizer with its defaults; false past the last. */
bool fv_optimizer_usage(int index, char *text, size_t size);

/* "step:every=T/3,gamma=0.1", with all defaults, and what it does; NULL past the last schedule. */
const char *fv_schedule_help(int index, char *usage, size_t size);

#endif
