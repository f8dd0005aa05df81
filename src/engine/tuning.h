/* Which kernels run a layer, as found out by contests: a table from a layer's passes to the kernels' names, both as texts, so
 * that it can lie in files. */
#ifndef ENGINE_TUNING_H
#define ENGINE_TUNING_H

#include "fovea/tuning.h"

enum { FV_PICKS = 4096, FV_PICK_TEXT = 512 }; /* in a table; characters of each text, its end included */

/* "fovea 0.1.0 (oneDNN 2.6.3, avx512), 2 threads: conv2d conv2d_backward_data conv2d_backward_weights [8,64,56,56] [64,64,3,3]
 * pad=1,1,1,1 blocked blocked" and "winograd F(4x4,3x3) | dnn | winograd F(6x6,3x3)": a kernel for each pass. */
typedef struct fv_pick {
    char *layer, *kernels;
} fv_pick;

/* Something that is timed. */
typedef struct fv_trial {
    const char *what; /* "conv2d winograd F(4x4,3x3)" */
    void (*ready)(
        void *
            context); /* before each run but the first, which warms up: brings the caches to what they are in a network */
    void (*run)(void *context);
    void *context;
} fv_trial;

struct fv_tuning {
    fv_pick *picks;
    int n, capacity;
    fv_tuning *source; /* whom to ask for what is not here, and keep what it says; NULL: nobody, and then: */
    /* Returns how many seconds a run takes. NULL: there are no contests, the rule decides. A test puts its own here, which makes the
     * winners up. */
    double (*time)(void *user, const fv_trial *trial);
    void *user;
    int contests;
    double seconds; /* in contests */
};

/* NULL: none. */
const char *fv_tuning_find(const fv_tuning *tuning, const char *layer);
/* Replaces what was there. */
fv_status fv_tuning_put(fv_tuning *tuning, const char *layer, const char *kernels);
/* Of one that is not on the heap. */
void fv_tuning_clear(fv_tuning *tuning);

#endif
