/* steps MODEL train|infer BATCH [all]: where a plan's time goes, milliseconds by operator and kernel, or of every step. Each step is
 * run by itself, the whole plan in order; of the rounds its best counts. */
#include "core/clock.h"
#include "core/memory.h"
#include "engine/build.h"
#include "fovea/train.h"
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 7 };

typedef struct row {
    const fv_step *step; /* the first of its kind */
    int count;
    double seconds;
} row;

static void die(void) {
    fprintf(stderr, "bench steps: %s\n", fv_error());
    exit(1);
}

static void call(void *context, int thread, int nthreads) {
    const fv_step *step = context;
    step->kernel->run(step, thread, nthreads);
}

static double time_step(fv_team *team, fv_step *step) {
    double begin = fv_seconds();
    if (step->kernel->flags & FV_SOLO)
        step->kernel->run(step, 0, 1);
    else
        fv_team_run(team, call, step);
    return fv_seconds() - begin;
}

/* The plan of one training step that has run, or of inference. */
static fv_plan *make_plan(fv_model *model, fv_team *team, bool training, int batch, const float *x) {
    int *labels = FV_NEW_N(int, (size_t)batch);
    fv_plan *plan = NULL;
    if (training) {
        fv_trainer *trainer = fv_trainer_new(model, .batch_size = batch, .threads = fv_team_size(team)); /* kept */
        if (!labels || !trainer || fv_trainer_step(trainer, x, labels, batch, FV_ZERO, NULL)) die();
        plan = trainer->last;
    } else {
        plan = fv_plan_new(model, &(fv_plan_args){.batch = batch, .team = team});
        if (!plan || fv_plan_run(plan, &(fv_plan_input){.x = x})) die();
    }
    fv_free(labels);
    return plan;
}

static bool same_kind(const fv_step *a, const fv_step *b) {
    return a->node->op == b->node->op && a->kernel == b->kernel;
}

static int slowest_first(const void *a, const void *b) {
    double x = ((const row *)a)->seconds, y = ((const row *)b)->seconds;
    return (x < y) - (x > y);
}

/* Joins rows of one kind; returns how many are left, the slowest first. */
static int gather(row *rows, int n) {
    int kinds = 0;
    for (int i = 0; i < n; i++) {
        int k = 0;
        while (k < kinds && !same_kind(rows[k].step, rows[i].step)) k++;
        if (k == kinds)
            rows[kinds++] = rows[i];
        else
            rows[k].count++, rows[k].seconds += rows[i].seconds;
    }
    qsort(rows, (size_t)kinds, sizeof *rows, slowest_first);
    return kinds;
}

static void print(const row *r, bool all) {
    static const char *const layouts[] = {"plain", "blocked", "batch"};
    const fv_kernel *k = r->step->kernel;
    printf("%9.3f %4d  %-24s %-6s %-7s %-7s", r->seconds * 1e3, r->count, r->step->node->op->name, k->name,
           layouts[k->in], layouts[k->out]);
    char text[64];
    if (all) printf(" %s %s", fv_shape_text(&r->step->node->in[0]->shape, false, text), r->step->node->name);
    printf("\n");
}

int main(int argc, char **argv) {
    if (argc < 4) return fprintf(stderr, "usage: steps MODEL train|infer BATCH [all]\n"), 2;
    int batch = atoi(argv[3]), c, h, w;
    fv_model *model = fv_network(argv[1], NULL);
    fv_team *team = fv_team_new(0);
    if (!model || !team) die();
    fv_model_input(model, &c, &h, &w);
    float *x = FV_NEW_N(float, (size_t)batch *(size_t)c *(size_t)h *(size_t)w);
    if (!x) die();
    fv_plan *plan = make_plan(model, team, strcmp(argv[2], "train") == 0, batch, x);
    row *rows = FV_NEW_N(row, (size_t)plan->n_steps);
    if (!rows) die();
    fv_team_enter(team);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = plan->n_prologue; i < plan->n_steps; i++) {
            row *r = &rows[i - plan->n_prologue];
            double seconds = time_step(team, plan->steps[i]);
            if (round == 0 || seconds < r->seconds) *r = (row){plan->steps[i], 1, seconds};
        }
    fv_team_leave(team);
    int n = plan->n_steps - plan->n_prologue;
    bool all = argc > 4;
    double total = 0;
    for (int i = 0; i < n; i++) total += rows[i].seconds;
    if (!all) n = gather(rows, n);
    for (int i = 0; i < n; i++) print(&rows[i], all);
    printf("%9.3f ms in all, batch %d, %d threads\n", total * 1e3, batch, fv_team_size(team));
    return 0; /* the process's end frees */
}
