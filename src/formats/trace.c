#include "formats/trace.h"

#include "core/file.h"
#include "core/memory.h"
#include "formats/json.h"

#include <math.h>
#include <string.h>

enum { PROCESS = 1, THREAD = 1 }; /* steps run one after another, each on the whole team: one row */

/* To a thousandth: a nanosecond, if of microseconds. */
static json_t *rounded(double number) { return json_real(round(1e3 * number) / 1e3); }

static json_t *event_new(const char *phase, json_t *name) {
    json_t *event = fv_json_with(json_object(), "ph", json_string(phase));
    event = fv_json_with(event, "pid", json_integer(PROCESS));
    event = fv_json_with(event, "tid", json_integer(THREAD));
    return fv_json_with(event, "name", name);
}

static json_t *arguments_of(const fv_step_profile *step) {
    json_t *args = fv_json_with(json_object(), "op", json_string(step->op));
    args = fv_json_with(args, "layer", json_string(step->layer));
    args =
        fv_json_with(args, "algorithm",
                     json_sprintf("%s%s%s", step->kernel, step->detail ? " " : "", step->detail ? step->detail : ""));
    if (step->cost.operations > 0)
        args = fv_json_with(args, "GFLOP/s", rounded(1e-9 * step->cost.operations / step->took));
    return fv_json_with(args, "GB/s", rounded(1e-9 * step->cost.bytes / step->took));
}

static json_t *event_of(const fv_step_profile *step) {
    json_t *event = event_new("X", json_sprintf("%s %s", step->layer, step->op));
    event = fv_json_with(event, "cat", json_string(step->kernel));
    event = fv_json_with(event, "ts", rounded(1e6 * step->began));
    event = fv_json_with(event, "dur", rounded(1e6 * step->took));
    return fv_json_with(event, "args", arguments_of(step));
}

static json_t *trace_of(const fv_profile *profile) {
    json_t *process = fv_json_with(json_object(), "name", json_string(profile->network));
    json_t *events =
        fv_json_and(json_array(), fv_json_with(event_new("M", json_string("process_name")), "args", process));
    for (const fv_step_profile *step = profile->steps; step < profile->steps + profile->n_steps; step++)
        if (step->began >= 0 && step->took > 0) events = fv_json_and(events, event_of(step));
    json_t *trace = fv_json_with(json_object(), "traceEvents", events);
    return fv_json_with(trace, "displayTimeUnit", json_string("ms"));
}

fv_status fv_trace_save(const fv_profile *profile, const char *path) {
    if (!profile) return fv_last_status();
    json_t *trace = trace_of(profile);
    char *text = fv_json_dump(trace);
    fv_status status = text ? fv_file_save(path, text, strlen(text)) : fv_last_status();
    fv_free(text);
    json_decref(trace);
    return status;
}
