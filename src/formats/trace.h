/* A profile as a trace in Chrome's format, which chrome://tracing and Perfetto show. */
#ifndef FORMATS_TRACE_H
#define FORMATS_TRACE_H

#include "engine/profile.h"

/* A JSON object whose "traceEvents" holds the steps of the last run, each a complete event ("ph": "X", "ts" and "dur" in
 * microseconds since the run began) with the arguments "op", "layer", "algorithm", "GFLOP/s" (of multiply-accumulates alone) and
 * "GB/s"; and the process's name, the network's. The file is replaced as a whole or not at all. */
fv_status fv_trace_save(const fv_profile *profile, const char *path);

#endif
