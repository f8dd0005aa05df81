/* metrics.jsonl, read for its numbers by epoch. */
#ifndef REPORT_HISTORY_H
#define REPORT_HISTORY_H

#include "core/status.h"

typedef enum fv_history_key {
    FV_EPOCH,
    FV_RATE,
    FV_LOSS,
    FV_TOP1,
    FV_SECONDS,
    FV_VAL_LOSS,
    FV_VAL_TOP1,
    FV_HISTORY_KEYS
} fv_history_key;

typedef struct fv_history {
    size_t n, room;
    double (*rows)[FV_HISTORY_KEYS]; /* [n]; NAN: not there, no number, or beyond 1e30 */
    size_t damaged, first_damaged;   /* lines that are no JSON object, a row of NAN each; the first's number, from 1 */
} fv_history;

/* A folder without the file has no rows. The last line may be half there: a run may be writing it. */
fv_status fv_history_read(const char *run, fv_history *history);
void fv_history_free(fv_history *history);

/* The last number under a key; NAN: there is none. */
double fv_history_last(const fv_history *history, fv_history_key key);
double fv_history_sum(const fv_history *history, fv_history_key key);

#endif
