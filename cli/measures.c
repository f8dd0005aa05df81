#include "measures.h"

#include "text.h"

#include <math.h>
#include <string.h>

enum { LABEL = 12, WIDEST_MATRIX = 20 }; /* columns of a measure's name; classes of a matrix that fits on a page */

/* ---- One measure --------------------------------------------------------------------------------------------------- */

void cli_print_measure(const char *name, fv_measure m) {
    if (m.undefined)
        printf("%-*s -       %s\n", LABEL, name, m.undefined);
    else if (isnan(m.low))
        printf("%-*s %.4f\n", LABEL, name, m.value);
    else
        printf("%-*s %.4f  %.4f to %.4f\n", LABEL, name, m.value, m.low, m.high);
}

void cli_print_positive(const fv_model *model, float threshold) {
    printf("%-*s ", LABEL, "positive");
    cli_print_plain(stdout, fv_model_class_name(model, fv_model_positive(model)));
    printf(", from a probability of %.6g\n", (double)threshold);
}

void cli_print_json_measure(const char *key, fv_measure m) {
    printf(",\"%s\":", key);
    cli_print_number(stdout, m.value);
    if (m.undefined) {
        printf(",\"%s_undefined\":", key);
        cli_print_json(stdout, m.undefined);
    } else if (!isnan(m.low)) {
        printf(",\"%s_interval\":[", key);
        cli_print_number(stdout, m.low);
        putchar(',');
        cli_print_number(stdout, m.high);
        putchar(']');
    }
}

/* ---- Those of all images ------------------------------------------------------------------------------------------- */

typedef void print_measure(const char *name, fv_measure measure);

/* A fraction of the images is a proportion again. */
static fv_measure share(const fv_evaluation *e, double fraction) {
    return fv_proportion((size_t)(fraction * (double)e->n + 0.5), e->n);
}

/* `prefix` and k. */
static void each_top(const fv_evaluation *e, const char *prefix, print_measure *print) {
    char name[32];
    snprintf(name, sizeof name, "%s1", prefix);
    print(name, share(e, e->top1));
    for (int j = 0; j < FV_TOPK; j++) {
        if (e->k[j] <= 1) continue;
        snprintf(name, sizeof name, "%s%d", prefix, e->k[j]);
        print(name, share(e, e->topk[j]));
    }
}

/* Of two classes, by the names in text and in JSON. */
static void each_of_two(const fv_measures *m, bool json, print_measure *print) {
    print(json ? "auc" : "AUC", m->roc_auc);
    print(json ? "pr_auc" : "PR AUC", m->average_precision);
    print("sensitivity", m->sensitivity);
    print("specificity", m->specificity);
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------- */

static void print_json_rates(fv_measure precision, fv_measure recall, fv_measure f1) {
    cli_print_json_measure("precision", precision);
    cli_print_json_measure("recall", recall);
    cli_print_json_measure("f1", f1);
}

static void print_json_class(const fv_model *model, int c, const fv_class_measures *m) {
    printf("{\"index\":%d,\"name\":", c);
    cli_print_json(stdout, fv_model_class_name(model, c));
    printf(",\"support\":%zu,\"predicted\":%zu", m->support, m->predicted);
    print_json_rates(m->precision, m->recall, m->f1);
    putchar('}');
}

static void print_json_average(const char *name, const fv_measures *m, const fv_averages *a) {
    printf(",\"%s\":{\"support\":%zu", name, m->n);
    print_json_rates(a->precision, a->recall, a->f1);
    putchar('}');
}

static void print_json_matrix(const fv_measures *m) {
    printf(",\"confusion\":[");
    for (int label = 0; label < m->classes; label++) {
        const size_t *row = m->confusion + (size_t)label * (size_t)m->classes;
        for (int c = 0; c < m->classes; c++) printf("%s%zu", c ? "," : label ? ",[" : "[", row[c]);
        putchar(']');
    }
    putchar(']');
}

void cli_print_json_measures(const fv_model *model, const fv_evaluation *e, const fv_measures *m) {
    printf("{\"n\":%zu,\"loss\":", e->n);
    cli_print_number(stdout, e->loss);
    each_top(e, "top", cli_print_json_measure);
    if (m->positive >= 0) {
        printf(",\"positive\":");
        cli_print_json(stdout, fv_model_class_name(model, m->positive));
        printf(",\"threshold\":");
        cli_print_number(stdout, (double)fv_model_threshold(model));
        each_of_two(m, true, cli_print_json_measure);
    }
    printf(",\"classes\":[");
    for (int c = 0; c < m->classes; c++) {
        if (c) putchar(',');
        print_json_class(model, c, &m->of_class[c]);
    }
    putchar(']');
    print_json_average("macro", m, &m->macro);
    print_json_average("weighted", m, &m->weighted);
    if (m->confusion) print_json_matrix(m);
    puts("}");
}

/* ---- Tables --------------------------------------------------------------------------------------------------------- */

static int name_width(const fv_model *model) {
    int width = (int)strlen("weighted mean");
    for (int c = 0; c < fv_model_classes(model); c++) {
        int length = (int)strlen(fv_model_class_name(model, c));
        if (length > width) width = length;
    }
    return width;
}

static void print_name(const char *name, int width) {
    cli_print_plain(stdout, name);
    printf("%*s", width - (int)strlen(name), "");
}

static void print_rates(const fv_measure rates[3], size_t support) {
    char count[32];
    const char *why = NULL;
    for (int i = 0; i < 3; i++) {
        if (rates[i].undefined)
            printf("  %9s", "-"), why = rates[i].undefined;
        else
            printf("  %9.4f", rates[i].value);
    }
    printf("  %9s%s%s\n", cli_count(support, count), why ? "  " : "", why ? why : "");
}

static void print_classes(const fv_model *model, const fv_measures *m, int width) {
    printf("\n%-*s  %9s  %9s  %9s  %9s\n", width, "class", "precision", "recall", "F1", "images");
    for (int c = 0; c < m->classes; c++) {
        const fv_class_measures *k = &m->of_class[c];
        print_name(fv_model_class_name(model, c), width);
        print_rates((fv_measure[]){k->precision, k->recall, k->f1}, k->support);
    }
    printf("%-*s", width, "mean");
    print_rates((fv_measure[]){m->macro.precision, m->macro.recall, m->macro.f1}, m->n);
    printf("%-*s", width, "weighted mean");
    print_rates((fv_measure[]){m->weighted.precision, m->weighted.recall, m->weighted.f1}, m->n);
}

static int matrix_cell(const fv_measures *m) {
    size_t most = 1;
    for (int i = 0; i < m->classes * m->classes; i++) most = m->confusion[i] > most ? m->confusion[i] : most;
    int digits = snprintf(NULL, 0, "%zu", most);
    return digits < 2 ? 4 : digits + 2;
}

/* Columns are numbered as rows are. */
static void print_matrix(const fv_model *model, const fv_measures *m, int width) {
    int cell = matrix_cell(m);
    printf("\n%-*s ", width, "taken for");
    for (int c = 0; c < m->classes; c++) printf("%*d", cell, c);
    putchar('\n');
    for (int label = 0; label < m->classes; label++) {
        print_name(fv_model_class_name(model, label), width);
        printf("%2d", label);
        for (int c = 0; c < m->classes; c++) printf("%*zu", cell, m->confusion[label * m->classes + c]);
        putchar('\n');
    }
}

void cli_print_measures(const fv_model *model, const fv_evaluation *e, const fv_measures *m) {
    char count[32];
    int width = name_width(model);
    printf("%-*s %s\n%-*s %.4f\n", LABEL, "images", cli_count(e->n, count), LABEL, "loss", e->loss);
    each_top(e, "top-", cli_print_measure);
    if (m->positive >= 0) {
        putchar('\n');
        cli_print_positive(model, fv_model_threshold(model));
        each_of_two(m, false, cli_print_measure);
    }
    print_classes(model, m, width);
    if (m->classes <= WIDEST_MATRIX) print_matrix(model, m, width);
}
