/* fovea predict */
#include "files.h"
#include "fovea/train.h"
#include "inputs.h"
#include "settings.h"
#include "text.h"
#include "tuning.h"

#include <string.h>

typedef struct prediction {
    const fv_model *model;
    fv_predictor *predictor;
    float *probabilities; /* [classes] */
    int *order;           /* class indices, the likeliest first */
    int classes, top;     /* top: how many to list */
    const struct format *format;
    size_t seen, failed;
} prediction;

/* ---- Formats ----------------------------------------------------------------------------------------------------- */

typedef struct format {
    const char *head;
    void (*print)(const prediction *p, const char *path);
    void (*fail)(const char *path); /* the message is in fv_error() */
} format;

static void print_text(const prediction *p, const char *path) {
    cli_print_plain(stdout, path);
    for (int k = 0; k < p->top; k++) {
        fputs("  ", stdout);
        cli_print_plain(stdout, fv_model_class_name(p->model, p->order[k]));
        printf(" %.1f%%", 100 * (double)p->probabilities[p->order[k]]);
    }
    putchar('\n');
}

static void print_json(const prediction *p, const char *path) {
    printf("{\"path\":");
    cli_print_json(stdout, path);
    printf(",\"top\":[");
    for (int k = 0; k < p->top; k++) {
        printf("%s{\"index\":%d,\"name\":", k ? "," : "", p->order[k]);
        cli_print_json(stdout, fv_model_class_name(p->model, p->order[k]));
        printf(",\"probability\":");
        cli_print_number(stdout, (double)p->probabilities[p->order[k]]);
        putchar('}');
    }
    puts("]}");
}

static void print_csv(const prediction *p, const char *path) {
    for (int k = 0; k < p->top; k++) {
        cli_print_csv(stdout, path);
        printf(",%d,%d,", k + 1, p->order[k]);
        cli_print_csv(stdout, fv_model_class_name(p->model, p->order[k]));
        putchar(',');
        cli_print_number(stdout, (double)p->probabilities[p->order[k]]);
        putchar('\n');
    }
}

static void fail_text(const char *path) {
    (void)path; /* the message names it */
    cli_say("fovea: %s", fv_error());
}

static void fail_json(const char *path) {
    printf("{\"path\":");
    cli_print_json(stdout, path);
    printf(",\"error\":");
    cli_print_json(stdout, fv_error());
    puts("}");
}

static const format text_format = {"", print_text, fail_text}, json_format = {"", print_json, fail_json},
                    csv_format = {"path,rank,index,name,probability\n", print_csv, fail_text};

/* ---- Predicting -------------------------------------------------------------------------------------------------- */

/* Brings the class that the image is taken for to the front, which of two goes by the threshold, and behind it the likeliest
 * of the others, `top` in all; of equals the first. */
static void rank(prediction *p) {
    for (int i = 0; i < p->classes; i++) p->order[i] = i;
    for (int k = 0; k < p->top; k++) {
        int best = k ? k : fv_predicted_class(p->model, p->probabilities);
        for (int i = k + 1; k && i < p->classes; i++)
            if (p->probabilities[p->order[i]] > p->probabilities[p->order[best]]) best = i;
        int index = p->order[best];
        memmove(&p->order[k + 1], &p->order[k], (size_t)(best - k) * sizeof(int));
        p->order[k] = index;
    }
}

/* A picture that cannot be read is told, and the next goes on. */
static fv_status predict(void *user, const char *path, fv_status status) {
    prediction *p = user;
    p->seen++;
    if (status == FV_OK) status = fv_predict_file(p->predictor, path, p->probabilities);
    if (status == FV_NO_MEMORY) return status;
    if (status != FV_OK) {
        p->failed++;
        p->format->fail(path);
        return FV_OK;
    }
    rank(p);
    p->format->print(p, path);
    return FV_OK;
}

static fv_status predict_all(prediction *p, cli_options *o) {
    fputs(p->format->head, stdout);
    for (int i = 1; i < o->n_arguments; i++) FV_TRY(cli_each_picture(o->arguments[i], predict, p));
    if (p->failed) return fv_fail(FV_BAD_DATA, "%zu of %zu could not be classified", p->failed, p->seen);
    return FV_OK;
}

static fv_status start(prediction *p, cli_options *o) {
    p->format = o->json ? &json_format : o->csv ? &csv_format : &text_format;
    p->classes = fv_model_classes(p->model);
    p->top = o->top < p->classes ? (int)o->top : p->classes;
    p->probabilities = fv_arena_alloc(&o->arena, (size_t)p->classes, sizeof(float));
    p->order = p->probabilities ? fv_arena_alloc(&o->arena, (size_t)p->classes, sizeof(int)) : NULL;
    return p->order ? FV_OK : FV_NO_MEMORY;
}

fv_status cli_predict(cli_options *o) {
    if (o->json && o->csv) return fv_fail(FV_BAD_ARGUMENT, "--json and --csv: give one of them");
    cli_tuning tuning;
    FV_TRY(cli_tuning_open(o, &tuning));
    fv_model *model = fv_model_load(o->arguments[0]);
    prediction p = {.model = model};
    p.predictor = fv_predictor_new(model, .threads = (int)o->threads, .precision = cli_precision(o), .tta = cli_tta(o),
                                   .tuning = tuning.tuning);
    fv_status status = p.predictor ? start(&p, o) : fv_last_status();
    if (status == FV_OK) status = predict_all(&p, o);
    if (p.seen > p.failed) cli_tuning_keep(&tuning);
    cli_tuning_close(&tuning);
    fv_predictor_free(p.predictor);
    fv_model_free(model);
    return status;
}
