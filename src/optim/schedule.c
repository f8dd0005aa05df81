/* Schedules of the learning rate: shares of the full rate as functions of the step, behind a linear warm-up. */
#include "fovea/optim.h"

#include "core/suggest.h"

#include <math.h>
#include <string.h>

enum { KINDS = 3 };
static const char *const names[KINDS] = {[FV_CONSTANT] = "constant", [FV_COSINE] = "cosine", [FV_STEP] = "step"};

/* The share of the full rate at step t of T. */

static double constant(const fv_schedule *s, uint64_t t, uint64_t total) {
    (void)s, (void)t, (void)total;
    return 1;
}

/* SGDR without restarts (Loshchilov and Hutter 2017, eq. 5). */
static double cosine(const fv_schedule *s, uint64_t t, uint64_t total) {
    return s->floor + (1 - (double)s->floor) * (1 + cos(3.141592653589793 * (double)t / (double)total)) / 2;
}

static double step_decay(const fv_schedule *s, uint64_t t, uint64_t total) {
    uint64_t every = s->every ? s->every : total < 3 ? 1 : total / 3;
    return pow(s->gamma == 0 ? 0.1 : (double)s->gamma, (double)(t / every));
}

static double (*const shares[KINDS])(const fv_schedule *, uint64_t, uint64_t) = {
    [FV_CONSTANT] = constant, [FV_COSINE] = cosine, [FV_STEP] = step_decay};

fv_status fv_schedule_check(const fv_schedule *schedule) {
    if ((unsigned)schedule->kind >= KINDS)
        return fv_fail(FV_BAD_ARGUMENT, "schedule kind %d: there is none", (int)schedule->kind);
    if (!(schedule->floor >= 0 && schedule->floor <= 1))
        return fv_fail(FV_BAD_ARGUMENT, "floor %g: must be at least 0 and at most 1", schedule->floor);
    if (!(schedule->gamma >= 0 && schedule->gamma <= 1))
        return fv_fail(FV_BAD_ARGUMENT, "gamma %g: must be above 0 and at most 1", schedule->gamma);
    if (schedule->floor != 0 && schedule->kind != FV_COSINE)
        return fv_fail(FV_BAD_ARGUMENT, "floor: %s has no such option", names[schedule->kind]);
    if ((schedule->every != 0 || schedule->gamma != 0) && schedule->kind != FV_STEP)
        return fv_fail(FV_BAD_ARGUMENT, "every and gamma: %s has no such options", names[schedule->kind]);
    return FV_OK;
}

float fv_schedule_at(const fv_schedule *schedule, float base, uint64_t step, uint64_t total_steps) {
    uint64_t warmup = schedule->warmup;
    if (step < warmup) return (float)(base * ((double)step + 1) / (double)warmup);
    if (step >= total_steps) step = total_steps;
    uint64_t total = total_steps > warmup ? total_steps - warmup : 1;
    return (float)(base * shares[schedule->kind](schedule, step > warmup ? step - warmup : 0, total));
}

fv_status fv_schedule_named(const char *name, fv_schedule *schedule) {
    for (int i = 0; i < KINDS; i++)
        if (strcmp(names[i], name) == 0) {
            *schedule = (fv_schedule){.kind = (fv_schedule_kind)i};
            return FV_OK;
        }
    return fv_fail_unknown("schedule", name, names, KINDS);
}

const char *fv_schedule_name(int index) { return index >= 0 && index < KINDS ? names[index] : NULL; }
