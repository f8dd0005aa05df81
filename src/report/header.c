/* What the page begins with: its name, how far the run is, and the numbers that one looks for first. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The network's name, as it was asked for; else the folder's. */
static void put_title(fv_text *t, const fv_page *p) {
    size_t length;
    const char *model = fv_page_setting(p, "model", &length);
    if (model)
        fv_text_some(t, model, length);
    else
        fv_text_words(t, p->run);
}

void fv_put_head(fv_text *t, const fv_page *p) {
    fv_text_add(t, "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
                   "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
                   "<meta name=color-scheme content=\"light dark\">\n"
                   "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';img-src data:;style-src "
                   "'unsafe-inline'\">\n");
    if (p->args->refresh > 0) fv_text_format(t, "<meta http-equiv=refresh content=%d>\n", p->args->refresh);
    fv_text_add(t, "<link rel=icon href=\"data:,\">\n<title>");
    put_title(t, p);
    fv_text_add(t, " · Fovea</title>\n<style>\n");
    for (const char *const *line = fv_page_style; *line; line++) fv_text_format(t, "%s\n", *line);
    fv_text_add(t, "</style>\n</head>\n<body>\n");
}

static void put_figure(fv_text *t, const char *name, const char *format, double value, const fv_measure *m) {
    char number[32];
    if (isnan(value)) return;
    snprintf(number, sizeof number, format, value);
    fv_text_format(t, "<div class=figure><b>%s</b><span>%s</span>", number, name);
    if (m && !m->undefined && !isnan(m->low)) fv_text_format(t, "<small>%.4f – %.4f</small>", m->low, m->high);
    fv_text_add(t, "</div>\n");
}

/* Between what stands before and behind it; nothing where it is no time. */
static void put_duration(fv_text *t, const char *before, double seconds, const char *behind) {
    long s = seconds < 1e9 ? lround(seconds) : 0;
    if (s <= 0) return;
    fv_text_add(t, before);
    if (s < 60)
        fv_text_format(t, "%ld s", s);
    else if (s < 3600)
        fv_text_format(t, "%ld:%02ld min", s / 60, s % 60);
    else
        fv_text_format(t, "%ld:%02ld h", s / 3600, s / 60 % 60);
    fv_text_add(t, behind);
}

/* The numbers that one looks for first. */
static void put_figures(fv_text *t, const fv_page *p) {
    const fv_history *h = &p->history;
    const fv_measures *m = &p->answers.measures;
    fv_text_add(t, "<div class=figures>\n");
    if (p->measured) {
        put_figure(t, "top-1", "%.4f", m->accuracy.value, &m->accuracy);
        if (m->positive >= 0)
            put_figure(t, "AUC", "%.4f", m->roc_auc.value, &m->roc_auc);
        else
            put_figure(t, "mean F1", "%.4f", m->macro.f1.value, NULL);
        put_figure(t, "loss", "%.4f", p->answers.evaluation.loss, NULL);
    } else {
        put_figure(t, "top-1, validation", "%.4f", fv_history_last(h, FV_VAL_TOP1), NULL);
        put_figure(t, "loss, validation", "%.4f", fv_history_last(h, FV_VAL_LOSS), NULL);
        put_figure(t, "loss, training", "%.4f", fv_history_last(h, FV_LOSS), NULL);
    }
    put_duration(t, "<div class=figure><b>", fv_history_sum(h, FV_SECONDS), "</b><span>of training</span></div>\n");
    fv_text_add(t, "</div>\n");
}

/* Of the run in all; 0: unknown. */
static int epochs_of(const fv_page *p) {
    size_t length;
    const char *epochs = p->args->epochs ? NULL : fv_page_setting(p, "epochs", &length);
    return epochs && length < 8 ? atoi(epochs) : p->args->epochs;
}

static void put_state(fv_text *t, const fv_page *p, int epochs) {
    double epoch = fv_history_last(&p->history, FV_EPOCH);
    if (p->args->refresh > 0) fv_text_add(t, "<span class=going>training</span> ");
    fv_text_format(t, isnan(epoch) ? "before the end of epoch %.0f" : "epoch %.0f", isnan(epoch) ? 1 : epoch);
    if (epochs > 0) fv_text_format(t, " of %d", epochs);
    if (p->best_epoch) fv_text_format(t, ", the model of epoch %d", p->best_epoch);
    if (p->args->refresh <= 0) return;
    put_duration(t, ", about ", p->args->seconds_left, " left");
    fv_text_format(t, "; this page loads itself anew every %d s", p->args->refresh);
}

/* How far a run is that goes on. */
static void put_bar(fv_text *t, const fv_page *p, int epochs) {
    double epoch = fv_history_last(&p->history, FV_EPOCH);
    if (p->args->refresh > 0 && epochs > 0)
        fv_text_format(t, "<progress max=%d value=%.0f aria-label=\"epochs that are done\"></progress>\n", epochs,
                       isnan(epoch) ? 0 : epoch);
}

void fv_put_header(fv_text *t, const fv_page *p) {
    int epochs = epochs_of(p);
    fv_text_add(t, "<header><p class=over>Fovea report</p><h1><bdi>");
    put_title(t, p);
    fv_text_add(t, "</bdi></h1><p class=under>");
    put_state(t, p, epochs);
    if (p->measured) {
        fv_text_add(t, "; measured on <bdi>");
        fv_text_words(t, p->args->data_name ? p->args->data_name : fv_dataset_name(p->args->data));
        fv_text_add(t, "</bdi>, ");
        fv_text_count(t, p->answers.evaluation.n);
        fv_text_add(t, " images");
    }
    fv_text_add(t, "</p>\n");
    put_bar(t, p, epochs);
    put_figures(t, p);
    fv_text_add(t, "</header>\n");
}
