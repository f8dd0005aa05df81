/* What the measurements of `fovea bench` share. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "options.h"

enum { CLI_BENCH_ROUNDS = 9 };

/* Sorts the figures of n rounds, n at least 1, and returns their median. */
double cli_median(double *figures, int n);

/* --mode load: images a second from a dataset to a network's input. */
fv_status cli_bench_load(cli_options *options);

#endif
