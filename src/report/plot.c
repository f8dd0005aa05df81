#include "report/plot.h"

#include <math.h>
#include <stdio.h>

enum { LEFT = 46, TOP = 14, BOTTOM = 40, LINE = 15, MOST_READ = 64, MOST_BROAD = 400 };

/* ---- Axes ------------------------------------------------------------------------------------------------------------- */

static double round_step(double extent, int most) {
    double power = pow(10, floor(log10(extent / most)));
    static const double steps[] = {1, 2, 5};
    for (int i = 0; i < 3; i++)
        if (extent <= steps[i] * power * most * (1 + 1e-9)) return steps[i] * power;
    return 10 * power;
}

fv_axis_range fv_axis_round(double low, double high, int most, bool whole, bool widen) {
    if (!(high - low > 1e-9 * fmax(fabs(low), fabs(high)))) {
        double half = low == 0 || whole ? 0.5 : fabs(low) / 2;
        low -= half, high += half;
    }
    double step = round_step(high - low, most);
    if (whole && step < 1) step = 1;
    if (widen) low = floor(low / step + 1e-9) * step, high = ceil(high / step - 1e-9) * step;
    return (fv_axis_range){low, high, step};
}

const char *fv_axis_label(const fv_axis_range *axis, double value, char text[32]) {
    if (fabs(value) < axis->step * 1e-6) value = 0;
    snprintf(text, 32, "%.6g", value);
    return text;
}

static double at_x(const fv_plot *p, double x) {
    return LEFT + (x - p->x.low) / (p->x.high - p->x.low) * (p->width - LEFT - p->right);
}
static double at_y(const fv_plot *p, double y) {
    return p->height - BOTTOM - (y - p->y.low) / (p->y.high - p->y.low) * (p->height - BOTTOM - TOP);
}

/* The first tick, and those after it while there are any. */
#define EACH_TICK(v, axis)                                               \
    for (double v = ceil((axis).low / (axis).step - 1e-6) * (axis).step; \
         (axis).step > 0 && v <= (axis).high + (axis).step * 1e-6; v += (axis).step)

static void put_axes(fv_text *t, const fv_plot *p) {
    char label[32];
    int right = p->width - p->right, bottom = p->height - BOTTOM;
    fv_text_add(t, "<g class=axis>");
    EACH_TICK(v, p->y) {
        double y = at_y(p, v);
        fv_text_format(t, "<path d=\"M%d %.1fH%d\"/><text x=%d y=%.1f text-anchor=end>%s</text>", LEFT, y, right,
                       LEFT - 7, y + 4, fv_axis_label(&p->y, v, label));
    }
    EACH_TICK(v, p->x)
    fv_text_format(t, "<path d=\"M%.1f %dv4\"/><text x=%.1f y=%d text-anchor=middle>%s</text>", at_x(p, v), bottom,
                   at_x(p, v), bottom + 18, fv_axis_label(&p->x, v, label));
    fv_text_format(t, "<text class=title x=%d y=%d text-anchor=end>%s</text></g>", right, p->height - 5, p->x_title);
}

/* ---- Lines ------------------------------------------------------------------------------------------------------------ */

static double x_of(const fv_series *s, size_t i) { return s->x[i * s->stride]; }
static double y_of(const fv_series *s, size_t i) { return s->y[i * s->stride]; }
static bool is_gap(const fv_series *s, size_t i) { return isnan(x_of(s, i)) || isnan(y_of(s, i)); }

/* A line on its way. All points of a column one unit wide look like its first, lowest, highest and last (Jugel et al., M4,
 * VLDB 2014): so long curves are short in the file. */
typedef struct pen {
    fv_text *text;
    const fv_plot *plot;
    const fv_series *series;
    size_t at[4]; /* first, lowest, highest, last of the column */
    bool open;    /* there is a column */
    int drawn;    /* points of this stretch */
} pen;

static void draw(pen *p, size_t i) {
    fv_text_format(p->text, "%s%.1f %.1f", p->drawn ? p->drawn == 1 ? "L" : " " : "M",
                   at_x(p->plot, x_of(p->series, i)), at_y(p->plot, y_of(p->series, i)));
    p->drawn++;
}

static void swap_to_rise(size_t *a, size_t *b) {
    size_t low = *a < *b ? *a : *b;
    *b = *a < *b ? *b : *a;
    *a = low;
}

static void end_column(pen *p) {
    if (!p->open) return;
    swap_to_rise(&p->at[1], &p->at[2]);
    for (int i = 0; i < 4; i++)
        if (i == 0 || p->at[i] != p->at[i - 1]) draw(p, p->at[i]);
    p->open = false;
}

/* A lone point is a line without length: a dot, by its round caps. */
static void end_stretch(pen *p) {
    end_column(p);
    if (p->drawn == 1) fv_text_add(p->text, "h0");
    p->drawn = 0;
}

static void move_to(pen *p, size_t i) {
    const fv_series *s = p->series;
    if (p->open && floor(at_x(p->plot, x_of(s, i))) != floor(at_x(p->plot, x_of(s, p->at[0])))) end_column(p);
    if (!p->open) p->at[0] = p->at[1] = p->at[2] = i;
    p->open = true;
    p->at[3] = i;
    if (y_of(s, i) < y_of(s, p->at[1])) p->at[1] = i;
    if (y_of(s, i) > y_of(s, p->at[2])) p->at[2] = i;
}

static void put_line(fv_text *t, const fv_plot *plot, const fv_series *s) {
    pen p = {.text = t, .plot = plot, .series = s};
    fv_text_format(t, "<path class=\"line %s%s\" d=\"", s->style, s->n > MOST_BROAD ? " fine" : "");
    for (size_t i = 0; i < s->n; i++) {
        if (is_gap(s, i))
            end_stretch(&p);
        else
            move_to(&p, i);
    }
    end_stretch(&p);
    fv_text_add(t, "\"/>");
}

/* ---- Words ------------------------------------------------------------------------------------------------------------ */

/* Read-outs under the pointer, where points are few enough to be met. */
static void put_points(fv_text *t, const fv_plot *p, const fv_series *s) {
    if (!p->read[0] || s->n > MOST_READ) return;
    for (size_t i = 0; i < s->n; i++)
        if (!is_gap(s, i))
            fv_text_format(t, "<circle class=\"point %s\" cx=%.1f cy=%.1f r=6><title>%s %g: %s %.5g</title></circle>",
                           s->style, at_x(p, x_of(s, i)), at_y(p, y_of(s, i)), p->read[0], x_of(s, i), p->read[1],
                           y_of(s, i));
}

/* Where the name of a series may stand: beside its last point; NAN: it has none. */
static double name_y(const fv_plot *p, const fv_series *s) {
    for (size_t i = s->n; s->name && i > 0; i--)
        if (!is_gap(s, i - 1)) return at_y(p, y_of(s, i - 1)) + 4;
    return NAN;
}

/* Two names do not stand on each other: the first two, which is all that there are. */
static void put_names(fv_text *t, const fv_plot *p) {
    double y[2] = {NAN, NAN};
    int n = p->n < 2 ? p->n : 2;
    for (int i = 0; i < n; i++) y[i] = name_y(p, &p->series[i]);
    double missing = LINE - fabs(y[0] - y[1]), sign = y[0] < y[1] ? -0.5 : 0.5;
    if (missing > 0) y[0] += sign * missing, y[1] -= sign * missing;
    for (int i = 0; i < n; i++)
        if (!isnan(y[i]))
            fv_text_format(t, "<text class=\"name %s\" x=%d y=%.1f>%s</text>", p->series[i].style,
                           p->width - p->right + 8, y[i], p->series[i].name);
}

static void put_mark(fv_text *t, const fv_plot *p) {
    const fv_mark *m = &p->mark;
    if (isnan(m->x) || isnan(m->y)) return;
    double x = at_x(p, m->x), y = at_y(p, m->y);
    fv_text_format(t, "<circle class=mark cx=%.1f cy=%.1f r=4.5 />", x, y);
    if (!m->text) return;
    bool low = y + 18 > p->height - BOTTOM; /* the words stand below it, unless the axis is there */
    fv_text_format(t, "<text class=marked x=%.1f y=%.1f text-anchor=%s>", x + (m->left ? -9 : 9), low ? y - 9 : y + 18,
                   m->left ? "end" : "start");
    fv_text_words(t, m->text);
    fv_text_add(t, "</text>");
}

void fv_plot_put(fv_text *t, const fv_plot *p) {
    const double *b = p->base;
    fv_text_format(t, "<figure class=plot><figcaption>%s</figcaption>", p->title);
    fv_text_format(t, "<svg viewBox=\"0 0 %d %d\" role=img aria-labelledby=\"%s-t %s-d\">", p->width, p->height, p->id,
                   p->id);
    fv_text_format(t, "<title id=\"%s-t\">%s</title><desc id=\"%s-d\">", p->id, p->title, p->id);
    fv_text_words(t, p->description);
    fv_text_add(t, "</desc>");
    put_axes(t, p);
    if (b[0] != b[2] || b[1] != b[3])
        fv_text_format(t, "<path class=base d=\"M%.1f %.1fL%.1f %.1f\"/>", at_x(p, b[0]), at_y(p, b[1]), at_x(p, b[2]),
                       at_y(p, b[3]));
    for (int i = 0; i < p->n; i++) put_line(t, p, &p->series[i]);
    put_mark(t, p);
    put_names(t, p);
    for (int i = 0; i < p->n; i++) put_points(t, p, &p->series[i]);
    fv_text_add(t, "</svg></figure>\n");
}
