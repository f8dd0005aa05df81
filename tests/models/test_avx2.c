/* What the networks do on a CPU that has AVX2 at most, told on one that has AVX-512: their plans need no definition, and they
 * give torchvision's numbers. (The other tests of this room tell the same of the instructions that the machine has.) */
#include "kernels/dnn.h"
#include "models/golden.h"
#include "models/kernels.h"
#include "support/unit.h"

#include <stdio.h>

/* Takes the place of the library's kernels/cpu.c in this program, the best of its tables hidden behind the next. */
#define fv_simd_avx512 fv_simd_avx2
#include "kernels/cpu.c"

#if !defined __x86_64__
static bool has_avx512(void) { return false; }
#endif

enum { LARGE = 30000000 }; /* parameters; the larger ones have the same blocks */

int main(void) {
    if (!FOVEA_ONEDNN || !has_avx512()) return puts("1..0 # SKIP needs oneDNN and a CPU with AVX-512"), 0;
    if (fv_dnn_max_isa("avx2") != FV_OK) return puts(fv_error()), 1;
    const struct CMUnitTest kernels[] = {cmocka_unit_test(kernels_are_fast)};
    int failed = cmocka_run_group_tests_name("kernels of AVX2", kernels, NULL, NULL);
    return golden_run("numbers of AVX2", LARGE) + failed;
}
