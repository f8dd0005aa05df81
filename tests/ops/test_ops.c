/* Every operator of the table, by random stencils: kernels against ref, gradients against finite differences. The last two
 * tests fail for an operator that no case reaches, and for a kernel that never ran.
 *
 *     test_ops                    all
 *     test_ops CASE [SEED]        one case, all its stencils or one */
#include "kernels/cpu.h"
#include "kernels/dnn.h"
#include "ops/cases.h"
#include "ops/rooms.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KERNEL_STENCILS = 24, GRADIENT_STENCILS = 12, MAX_TESTS = 256 };

static uint64_t only_seed; /* 0: all */

static void kernels(void **state) {
    for (uint64_t seed = 1; seed <= KERNEL_STENCILS; seed++)
        if (!only_seed || seed == only_seed) lab_check_kernels(*state, seed);
}

static void gradients(void **state) {
    for (uint64_t seed = 1; seed <= GRADIENT_STENCILS; seed++)
        if (!only_seed || seed == only_seed) lab_check_gradient(*state, seed);
}

static void every_operator_is_reached(void **state) {
    (void)state;
    for (const fv_op *const *op = fv_ops; *op; op++) {
        if (!lab_covered(*op)) fail_msg("%s: no case in tests/ops reaches it", (*op)->name);
        if (fv_op_named((*op)->name) != *op) fail_msg("%s: two operators of this name", (*op)->name);
    }
}

/* oneDNN's kernels are not in every build, nor those in bf16 for every processor. */
static bool can_run(const fv_kernel *kernel) {
    if (strcmp(kernel->name, "dnn") != 0) return true;
    bool bf16 = kernel->in == FV_BLOCKED_BF16 || kernel->out == FV_BLOCKED_BF16;
    return FOVEA_ONEDNN && (!bf16 || fv_precision_check(FV_BF16) == FV_OK);
}

static void every_kernel_has_run(void **state) {
    (void)state;
    for (const fv_op *const *op = fv_ops; *op; op++)
        for (int i = 0; i < (*op)->n_kernels; i++) {
            const fv_kernel *k = &(*op)->kernels[i];
            if (can_run(k) && !lab_kernel_covered(k))
                fail_msg("%s: no stencil has run kernel \"%s\" (layouts %d, %d)", (*op)->name, k->name, k->in, k->out);
        }
}

static struct CMUnitTest tests[MAX_TESTS];
static int n_tests;

static void add(const lab_case *kind, const char *what, CMUnitTestFunction test) {
    static char names[MAX_TESTS][80];
    assert_true(n_tests + 2 < MAX_TESTS);
    snprintf(names[n_tests], sizeof names[0], "%s %s", kind->name, what);
    tests[n_tests] = (struct CMUnitTest){names[n_tests], test, NULL, NULL, (void *)(uintptr_t)kind};
    n_tests++;
}

int main(int argc, char **argv) {
    lab_wait_passively(argv);
    const char *only = argc > 1 ? argv[1] : NULL;
    only_seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    for (int t = 0; t < FV_COUNT(lab_cases); t++)
        for (const lab_case *kind = lab_cases[t]; kind->name; kind++) {
            if (only && strcmp(kind->name, only) != 0) continue;
            add(kind, "kernels", kernels);
            add(kind, "gradient", gradients);
        }
    if (!only) {
        tests[n_tests++] = (struct CMUnitTest)cmocka_unit_test(every_operator_is_reached);
        tests[n_tests++] = (struct CMUnitTest)cmocka_unit_test(every_kernel_has_run);
    }
    return _cmocka_run_group_tests("operators", tests, (size_t)n_tests, NULL, NULL);
}
