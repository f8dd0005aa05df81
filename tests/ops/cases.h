/* The stencils of every operator, a table a file. test_ops.c walks them all, and fails for an operator that none of them
 * reaches (backward operators are reached through their forward one). */
#ifndef TESTS_OPS_CASES_H
#define TESTS_OPS_CASES_H

#include "ops/lab.h"

/* Each ends with a row without a name. */
extern const lab_case lab_layer_cases[]; /* cases_layers.c */
extern const lab_case lab_math_cases[];  /* cases_math.c */

static const lab_case *const lab_cases[] = {
    lab_layer_cases,
    lab_math_cases,
};

#endif
