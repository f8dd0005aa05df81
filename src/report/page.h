/* What there is to say of a run, and the sections that say it, one a file. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "report/answers.h"
#include "report/history.h"
#include "report/text.h"

typedef struct fv_page {
    const char *run;
    const fv_report_args *args;
    char *config; /* config.recipe; NULL: there is none */
    fv_history history;
    fv_model *model;        /* NULL: there is none, ... */
    char *without;          /* ... or the reason; NULL: there is just no file */
    const char *model_file; /* "best.safetensors" */
    int best_epoch;         /* that the model says it is of; 0: unknown */
    char *made_by;          /* what it was trained by; NULL: unknown, ... */
    int threads;            /* ... on so many; 0: unknown */
    bool measured;
    fv_answers answers; /* if measured */
} fv_page;

/* The value of a setting in the page's config, as `length` bytes of it; NULL: it has none. */
const char *fv_page_setting(const fv_page *page, const char *key, size_t *length);
/* fv_text_words of a class's name, set apart from what stands around it. */
void fv_page_class(fv_text *text, const fv_page *page, int c);

void fv_put_head(fv_text *text, const fv_page *page);   /* of the document: <head>, and the begin of its body */
void fv_put_header(fv_text *text, const fv_page *page); /* of the page */
void fv_put_curves(fv_text *text, const fv_page *page);
void fv_put_measures(fv_text *text, const fv_page *page);
void fv_put_ranking(fv_text *text, const fv_page *page); /* ROC, precision over recall */
void fv_put_confusion(fv_text *text, const fv_page *page);
void fv_put_pictures(fv_text *text, const fv_page *page);
void fv_put_settings(fv_text *text, const fv_page *page);

/* The page's CSS, a line each; NULL at the end. */
extern const char *const fv_page_style[];

#endif
