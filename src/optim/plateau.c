/* Reduction on a plateau, as PyTorch's ReduceLROnPlateau with mode "min" and a relative threshold. */
#include "optim/schedule.h"

#include <math.h>

/* The epochs that may pass before the one that makes the rate fall; one that is better begins anew. */
static void count(const fv_schedule *s, fv_plateau_state *p, double loss) {
    bool better = p->epochs == 0 || loss < p->best * (1 - (double)s->threshold);
    if (better) p->best = loss;
    p->stale = better ? 0 : p->stale + 1;
    p->epochs++;
}

double fv_plateau_next(const fv_schedule *schedule, fv_plateau_state *p, double loss) {
    fv_schedule s = fv_schedule_resolved(schedule);
    count(&s, p, loss);
    if (p->resting > 0) {
        p->resting--;
        p->stale = 0;
    }
    if (p->stale >= s.patience) {
        p->falls++;
        p->resting = s.cooldown;
        p->stale = 0;
    }
    return fv_plateau_share(schedule, p);
}

double fv_plateau_share(const fv_schedule *schedule, const fv_plateau_state *p) {
    fv_schedule s = fv_schedule_resolved(schedule);
    return s.kind == FV_PLATEAU ? fmax((double)s.floor, pow((double)s.gamma, (double)p->falls)) : 1;
}
