/* The name of this build: version, kernel library, vector instructions. */
#include "fovea/base.h"
#include "kernels/cpu.h"
#include "kernels/dnn.h"

#include <pthread.h>
#include <stdio.h>

static char text[96];

static void compose(void) {
    snprintf(text, sizeof text, "fovea %s (%s, %s)", FOVEA_VERSION, fv_dnn_version(), fv_isa_name());
}

const char *fv_version(void) {
    static pthread_once_t composed = PTHREAD_ONCE_INIT;
    pthread_once(&composed, compose);
    return text;
}
