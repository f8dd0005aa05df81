#include "profile.h"

#include "text.h"

#include <string.h>

/* Widths of the columns of texts. */
typedef struct widths {
    int layer, op, kernel;
} widths;

static void widen(int *width, size_t length) {
    if ((int)length > *width) *width = (int)length;
}

/* "dnn jit:avx512_core" */
static const char *kernel_text(const fv_step_profile *step, char text[96]) {
    snprintf(text, 96, "%s%s%s", step->kernel, step->detail ? " " : "", step->detail ? step->detail : "");
    return text;
}

static widths measure(const fv_profile *profile) {
    widths w = {5, 8, 6};
    char text[96];
    for (const fv_step_profile *step = profile->steps; step < profile->steps + profile->n_steps; step++) {
        widen(&w.layer, strlen(step->layer));
        widen(&w.op, strlen(step->op));
        widen(&w.kernel, strlen(kernel_text(step, text)));
    }
    return w;
}

static double per_second(double count, double seconds) { return seconds > 0 ? count / seconds : 0; }
static double share(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static void print_head(void) {
    printf(" %9s %6s %8s %6s %7s %8s\n", "ms", "%", "GFLOP/s", "GB/s", "% peak", "% bound");
}

/* What no multiply-accumulates are counted for has no arithmetic to show. */
static void print_cost(const fv_profile *profile, const fv_cost *cost) {
    char gflops[32] = "-", peak[32] = "-";
    double rate = per_second(cost->operations, cost->seconds);
    if (cost->operations > 0) {
        snprintf(gflops, sizeof gflops, "%.1f", 1e-9 * rate);
        snprintf(peak, sizeof peak, "%.1f", share(rate, profile->peak.flops));
    }
    printf(" %9.3f %6.1f %8s %6.1f %7s %8.1f\n", 1e3 * cost->seconds, share(cost->seconds, profile->total.seconds),
           gflops, 1e-9 * per_second(cost->bytes, cost->seconds), peak, share(cost->bound, cost->seconds));
}

static void print_steps(const fv_profile *profile, widths w) {
    char text[96];
    printf("\n%-*s  %-*s  %-*s", w.layer, "layer", w.op, "step", w.kernel, "kernel");
    print_head();
    for (const fv_step_profile *step = profile->steps; step < profile->steps + profile->n_steps; step++) {
        printf("%-*s  %-*s  %-*s", w.layer, step->layer, w.op, step->op, w.kernel, kernel_text(step, text));
        print_cost(profile, &step->cost);
    }
}

static void print_operators(const fv_profile *profile, int width) {
    printf("\n%-*s %6s", width, "operator", "steps");
    print_head();
    for (const fv_op_profile *op = profile->ops; op < profile->ops + profile->n_ops; op++) {
        printf("%-*s %6d", width, op->op, op->steps);
        print_cost(profile, &op->cost);
    }
    printf("%-*s %6d", width, "all", profile->n_steps);
    print_cost(profile, &profile->total);
}

static void print_notes(const fv_profile *profile) {
    printf("\npeak       %.1f GFLOP/s between registers, %.1f GB/s read from memory, measured\n",
           1e-9 * profile->peak.flops, 1e-9 * profile->peak.bytes);
    printf("bound      2 x multiply-accumulates of the algorithm with the fewest / GFLOP/s + inputs and outputs once / "
           "GB/s\n");
    if (profile->by_reference.seconds > 0)
        printf("ref        %.1f %% of the time: no fast kernel\n",
               share(profile->by_reference.seconds, profile->total.seconds));
    else
        puts("ref        none: every step has a fast kernel");
}

void cli_profile_table(const fv_profile *profile) {
    widths w = measure(profile);
    print_steps(profile, w);
    print_operators(profile, w.op);
    print_notes(profile);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void print_json_cost(const fv_cost *cost) {
    printf(",\"ms\":%.4f,\"macs\":%.0f,\"bytes\":%.0f,\"bound_ms\":%.4f}", 1e3 * cost->seconds, cost->operations / 2,
           cost->bytes, 1e3 * cost->bound);
}

void cli_profile_json(const fv_profile *profile) {
    char text[96];
    printf(",\"peak_gflops\":%.1f,\"stream_gb_per_second\":%.1f,\"profile\":[", 1e-9 * profile->peak.flops,
           1e-9 * profile->peak.bytes);
    for (const fv_step_profile *step = profile->steps; step < profile->steps + profile->n_steps; step++) {
        printf("%s{\"layer\":", step > profile->steps ? "," : "");
        cli_print_json(stdout, step->layer);
        printf(",\"step\":\"%s\",\"kernel\":", step->op);
        cli_print_json(stdout, kernel_text(step, text));
        printf(",\"reference\":%s", step->reference ? "true" : "false");
        print_json_cost(&step->cost);
    }
    printf("],\"profile_by_op\":[");
    for (const fv_op_profile *op = profile->ops; op < profile->ops + profile->n_ops; op++) {
        printf("%s{\"step\":\"%s\",\"steps\":%d", op > profile->ops ? "," : "", op->op, op->steps);
        print_json_cost(&op->cost);
    }
    printf("]");
}
