#include "train/session.h"

#include <string.h>

/* Makes the plan for batches of n images unless it is there, and puts it first; *made tells which. */
static fv_status bring_forward(fv_session *session, int n, bool *made) {
    int at = 0, last = FV_SESSION_PLANS - 1;
    while (at < last && session->plans[at] && fv_plan_batch(session->plans[at]) != n) at++;
    fv_plan *plan = session->plans[at];
    *made = !plan || fv_plan_batch(plan) != n;
    if (*made) {
        session->args.batch = n;
        session->args.team = session->team;
        plan = fv_plan_new(session->model, &session->args);
        if (!plan) return fv_last_status();
        fv_plan_free(session->plans[at]);
    }
    memmove(&session->plans[1], &session->plans[0], (size_t)at * sizeof plan);
    session->plans[0] = plan;
    return FV_OK;
}

/* Takes the first plan away. */
static void drop_first(fv_session *session) {
    fv_plan_free(session->plans[0]);
    memmove(&session->plans[0], &session->plans[1], (FV_SESSION_PLANS - 1) * sizeof *session->plans);
    session->plans[FV_SESSION_PLANS - 1] = NULL;
}

fv_status fv_session_prepare(fv_session *session, size_t count, int batch) {
    bool made;
    int rest = (int)(count % (size_t)batch);
    if (rest) FV_TRY(bring_forward(session, rest, &made));
    return count < (size_t)batch ? FV_OK : bring_forward(session, batch, &made);
}

fv_plan *fv_session_plan(fv_session *session, int n) {
    bool made;
    if (bring_forward(session, n, &made) != FV_OK) return NULL;
    if (!made || fv_memory_check(session->model, n, fv_plan_bytes(session->plans[0])) == FV_OK)
        return session->plans[0];
    drop_first(session);
    return NULL;
}

size_t fv_session_bytes(const fv_session *session) {
    size_t bytes = 0;
    for (int i = 0; i < FV_SESSION_PLANS; i++)
        if (session->plans[i]) bytes += fv_plan_bytes(session->plans[i]);
    return bytes;
}

void fv_session_free(fv_session *session) {
    for (int i = 0; i < FV_SESSION_PLANS; i++) {
        fv_plan_free(session->plans[i]);
        session->plans[i] = NULL;
    }
}
