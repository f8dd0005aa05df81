/* Options of a rule or a schedule: the fields of its struct as a table, by which they are checked, read from text and
 * written. A field that is 0 was not given; FV_ZERO in a float is a 0 that was. */
#ifndef OPTIM_OPTIONS_H
#define OPTIM_OPTIONS_H

#include "core/status.h"

#include <stddef.h>

typedef enum fv_option_type {
    FV_OPTION_REAL,  /* float */
    FV_OPTION_WHOLE, /* uint64_t */
    FV_OPTION_FLAG,  /* bool */
    FV_OPTION_TIMES, /* uint64_t[FV_MILESTONES], rising; 0 ends them */
} fv_option_type;

typedef struct fv_option {
    const char *name;
    size_t offset;
    fv_option_type type;
    double low, high;
    bool above, below; /* the limits themselves are excluded */
} fv_option;

#define FV_OPTION(struct_, field_, type_) \
    .name = #field_, .offset = offsetof(struct_, field_), .type = FV_OPTION_##type_

/* 0: it was not given. Of times, the first. */
double fv_option_value(const fv_option *option, const void *of);
void fv_option_set(const fv_option *option, void *of, double value);

/* A struct with a kind, and the options that the kinds have. */
typedef struct fv_options {
    const char *what; /* "schedule" */
    const fv_option *table;
    int count;
    fv_status (*begin)(const char *name, void *of); /* the struct of that kind, all else 0 */
    const char *(*name)(const void *of);
    bool (*has)(const void *of, int index);
} fv_options;

/* FV_BAD_ARGUMENT: "gamma 2: must be above 0 and at most 1", "every: cosine has no such option". */
fv_status fv_options_check(const fv_options *options, const void *of);

enum { FV_OPTIONS_TEXT = 512 }; /* longer than any text */
/* From "name:key=value,key=value"; a flag needs no value. Not checked as a whole. */
fv_status fv_options_read(const fv_options *options, const char *text, void *of);
/* The same text, of every option that the kind has and that is not 0, or may be. */
void fv_options_write(const fv_options *options, const void *of, char *text, size_t size);

#endif
