#include "profile.h"

#include "text.h"

#include <string.h>

/* Widths of the columns of texts. */
typedef struct widths {
    int node, op, kernel;
} widths;

static void widen(int *width, size_t length) {
    if ((int)length > *width) *width = (int)length;
}

/* "dnn jit:avx512_core" */
static const char *kernel_text(const fv_step_info *step, char text[96]) {
    snprintf(text, 96, "%s%s%s", step->kernel, step->detail ? " " : "", step->detail ? step->detail : "");
    return text;
}

static widths measure(const fv_plan *plan) {
    widths w = {5, 5, 6};
    char text[96];
    fv_step_info step;
    for (int i = 0; fv_plan_step(plan, i, &step); i++) {
        widen(&w.node, strlen(step.node->name));
        widen(&w.op, strlen(step.node->op->name));
        widen(&w.kernel, strlen(kernel_text(&step, text)));
    }
    return w;
}

static double total_seconds(const fv_plan *plan) {
    fv_step_info step;
    double seconds = 0;
    for (int i = 0; fv_plan_step(plan, i, &step); i++) seconds += step.seconds;
    return seconds;
}

static double per_second(size_t count, double seconds) { return seconds > 0 ? (double)count / seconds : 0; }

static void print_row(const fv_step_info *step, widths w, double all, int runs) {
    char text[96], gflops[32] = "-";
    double seconds = step->seconds / runs;
    if (step->macs) snprintf(gflops, sizeof gflops, "%.1f", 2e-9 * per_second(step->macs, seconds));
    printf("%-*s  %-*s  %-*s %9.3f %6.1f %8s %6.1f\n", w.node, step->node->name, w.op, step->node->op->name, w.kernel,
           kernel_text(step, text), 1e3 * seconds, 100 * seconds / all, gflops,
           1e-9 * per_second(step->bytes, seconds));
}

void cli_profile_table(const fv_plan *plan, int runs) {
    widths w = measure(plan);
    double all = total_seconds(plan) / runs;
    fv_step_info step;
    printf("\n%-*s  %-*s  %-*s %9s %6s %8s %6s\n", w.node, "layer", w.op, "step", w.kernel, "kernel", "ms", "%",
           "GFLOP/s", "GB/s");
    for (int i = 0; fv_plan_step(plan, i, &step); i++) print_row(&step, w, all, runs);
    printf("%-*s  %-*s  %-*s %9.3f\n", w.node, "total", w.op, "", w.kernel, "", 1e3 * all);
}

void cli_profile_json(const fv_plan *plan, int runs) {
    char text[96];
    fv_step_info step;
    printf(",\"profile\":[");
    for (int i = 0; fv_plan_step(plan, i, &step); i++) {
        printf("%s{\"layer\":", i ? "," : "");
        cli_print_json(stdout, step.node->name);
        printf(",\"step\":\"%s\",\"kernel\":", step.node->op->name);
        cli_print_json(stdout, kernel_text(&step, text));
        printf(",\"ms\":%.4f,\"macs\":%zu,\"bytes\":%zu}", 1e3 * step.seconds / runs, step.macs, step.bytes);
    }
    printf("]");
}
