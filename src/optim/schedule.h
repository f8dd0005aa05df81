/* The table of schedules, for those that print it, and for shares.c, which computes. */
#ifndef OPTIM_SCHEDULE_H
#define OPTIM_SCHEDULE_H

#include "optim/options.h"

#include "fovea/optim.h"

#include <stddef.h>

/* The share of the full rate at time t of total >= 1; the options are filled in. Past the end t is total. */
typedef double fv_schedule_share(const fv_schedule *s, double t, double total);

#define SCHEDULE(kind, name, ...) fv_schedule_share fv_share_##name;
#include "optim/schedules.def"
#undef SCHEDULE

/* All of a schedule but its warm-up, as text that fv_schedule_parse takes (save for "own", a function of the caller):
 * "step:every=30,gamma=0.1,by_epoch=0". */
void fv_schedule_write(const fv_schedule *schedule, char *text, size_t size);

/* The schedule with its defaults filled in, FV_ZERO as 0. It must have passed fv_schedule_check. */
fv_schedule fv_schedule_resolved(const fv_schedule *schedule);

#endif
