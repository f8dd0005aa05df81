/* The request to stop: one lock-free flag of the process, because a signal handler sets it. */
#include "train/stop.h"

#include "fovea/train.h"

#include <stdatomic.h>

static atomic_bool requested;
_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "a signal handler may set it");

void fv_stop_request(void) { atomic_store(&requested, true); }
void fv_stop_clear(void) { atomic_store(&requested, false); }
bool fv_stop_requested(void) { return atomic_load(&requested); }
