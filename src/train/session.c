#include "train/session.h"

#include <string.h>

fv_plan *fv_session_plan(fv_session *session, int n) {
    int at = 0, last = FV_SESSION_PLANS - 1;
    while (at < last && session->plans[at] && fv_plan_batch(session->plans[at]) != n) at++;
    fv_plan *plan = session->plans[at];
    if (!plan || fv_plan_batch(plan) != n) {
        session->args.batch = n;
        session->args.team = session->team;
        plan = fv_plan_new(session->model, &session->args);
        if (!plan) return NULL;
        fv_plan_free(session->plans[at]);
    }
    memmove(&session->plans[1], &session->plans[0], (size_t)at * sizeof plan);
    return session->plans[0] = plan;
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
