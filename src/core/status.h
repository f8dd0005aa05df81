/* Failures as values: one code, one line of text per thread. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include "fovea/base.h"

/* Records the message and returns the code, so that `return fv_fail(FV_BAD_DATA, "%s: ...", path)` is the whole of it.
 * Say what, which value, which limit, and what to do. No newline. Control characters in %s arguments (file names!) come
 * out as '?', so that a message stays one line. */
fv_status fv_fail(fv_status code, const char *format, ...) FV_PRINTF(2, 3);

/* Puts "context: " in front of the message already recorded; returns code unchanged. For a caller that knows the name
 * (the file, the node) that the failing callee did not. */
fv_status fv_fail_in(fv_status code, const char *format, ...) FV_PRINTF(2, 3);

/* The code of this thread's last failure: for constructors, which return NULL instead of a code. */
fv_status fv_last_status(void);
/* How many failures this thread has recorded: did any come since? */
unsigned long fv_failures(void);

#define FV_TRY(call)                                  \
    do {                                              \
        fv_status try_status_ = (call);               \
        if (try_status_ != FV_OK) return try_status_; \
    } while (0)

#endif
