/* Schedules as formulas: the share of the full rate at time t of T. */
#include "optim/schedule.h"

#include <math.h>

static const double pi = 3.141592653589793;

/* From a at x = 0 to b at x = 1 along half a cosine. */
static double half_cosine(double a, double b, double x) { return b + (a - b) * (1 + cos(pi * x)) / 2; }

double fv_share_constant(const fv_schedule *s, double t, double total) {
    (void)s, (void)t, (void)total;
    return 1;
}

/* SGDR without restarts (Loshchilov and Hutter 2017, eq. 5). */
double fv_share_cosine(const fv_schedule *s, double t, double total) {
    return half_cosine(1, (double)s->floor, t / total);
}

/* `every`, or the n-th part of all. */
static double period(const fv_schedule *s, double total, double n) {
    return s->every ? (double)s->every : fmax(1, floor(total / n));
}

double fv_share_step(const fv_schedule *s, double t, double total) {
    return pow((double)s->gamma, floor(t / period(s, total, 3)));
}

double fv_share_multi_step(const fv_schedule *s, double t, double total) {
    (void)total;
    int passed = 0;
    while (passed < FV_MILESTONES && s->at[passed] && t >= (double)s->at[passed]) passed++;
    return pow((double)s->gamma, passed);
}

double fv_share_exponential(const fv_schedule *s, double t, double total) {
    (void)total;
    return pow((double)s->gamma, t);
}

double fv_share_natural_exp(const fv_schedule *s, double t, double total) {
    (void)total;
    return exp(-(double)s->rate * t);
}

double fv_share_inverse_time(const fv_schedule *s, double t, double total) {
    (void)total;
    return 1 / (1 + (double)s->rate * t);
}

double fv_share_linear(const fv_schedule *s, double t, double total) { return 1 + ((double)s->floor - 1) * t / total; }

double fv_share_polynomial(const fv_schedule *s, double t, double total) {
    return s->floor + (1 - (double)s->floor) * pow(1 - t / total, (double)s->power);
}

/* SGDR: the periods are every, every mult, every mult^2, ... */
double fv_share_cosine_restarts(const fv_schedule *s, double t, double total) {
    double length = period(s, total, 3);
    if (s->mult == 1) t = fmod(t, length);
    for (; t >= length; length *= (double)s->mult) t -= length;
    return half_cosine(1, (double)s->floor, t / length);
}

/* Super-convergence (Smith and Topin 2018) as in PyTorch's OneCycleLR, with cosines: the top is at time pct T - 1, the
 * end at T - 1. */
double fv_share_one_cycle(const fv_schedule *s, double t, double total) {
    double top = (double)s->pct * total - 1, end = total - 1, first = 1 / (double)s->div;
    if (t <= top) return half_cosine(first, 1, top > 0 ? t / top : 1);
    return half_cosine(1, first / (double)s->final_div, fmin(1, end > top ? (t - top) / (end - top) : 1));
}

/* Triangles (Smith 2017); gamma 0.5 is PyTorch's and PaddlePaddle's triangular2. */
double fv_share_cyclic(const fv_schedule *s, double t, double total) {
    double x = t / period(s, total, 6), cycle = floor(x / 2), height = 1 - fabs(x - 2 * cycle - 1);
    return s->floor + (1 - (double)s->floor) * height * pow((double)s->gamma, cycle);
}

/* Vaswani et al. 2017, eq. 3. */
double fv_share_noam(const fv_schedule *s, double t, double total) {
    (void)total;
    double n = t + 1, rise = (double)s->rise;
    return pow((double)s->width, -0.5) * fmin(pow(n, -0.5), n * pow(rise, -1.5));
}

/* What it falls by is known after epochs only: fv_plateau_next. */
double fv_share_plateau(const fv_schedule *s, double t, double total) {
    (void)s, (void)t, (void)total;
    return 1;
}
