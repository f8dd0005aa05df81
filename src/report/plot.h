/* Curves in axes, as SVG within HTML. Colors and type are style.c's: a series has the class "a" or "b", and so on. */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include "report/text.h"

/* From low to high, a tick at each multiple of step; step 0: none. */
typedef struct fv_axis_range {
    double low, high, step;
} fv_axis_range;

/* Ticks of 1, 2 or 5 times a power of ten, at most `most` of them; `whole`: no fractions. With `widen` the range grows to ticks,
 * without it stays. A range without extent gets one; low and high finite. */
fv_axis_range fv_axis_round(double low, double high, int most, bool whole, bool widen);
/* A tick's value, without digits that no tick needs: "0.25", "1e-05". */
const char *fv_axis_label(const fv_axis_range *axis, double value, char text[32]);

/* Points (x[i * stride], y[i * stride]), i < n, x not falling; where either is NAN there is a gap. */
typedef struct fv_series {
    const char *name;  /* at its end; NULL: none */
    const char *style; /* its class */
    const double *x, *y;
    size_t n, stride;
} fv_series;

typedef struct fv_mark {
    double x, y;
    const char *text; /* NULL: a ring without words */
    bool left;        /* its words stand left of it */
} fv_mark;

enum { FV_PLOT_SERIES = 24 };

typedef struct fv_plot {
    const char *id;              /* unique in the page: of title and description */
    const char *title, *x_title; /* markup */
    const char *description;     /* words: what is seen, for who does not see it */
    int width, height, right;    /* of the drawing; of the margin for names */
    fv_axis_range x, y;
    int n;
    fv_series series[FV_PLOT_SERIES];
    double base[4];      /* a dashed line from (x, y) to (x, y): chance; all 0: none */
    fv_mark mark;        /* NAN: none */
    const char *read[2]; /* names of x and y in the read-outs of single points; NULL: none */
} fv_plot;

void fv_plot_put(fv_text *text, const fv_plot *plot);

#endif
