#include "kernels/cpu.h"

#include "kernels/dnn.h"

#include <string.h>

#if defined(__x86_64__)
static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
}
static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif
static bool has_nothing_special(void) { return true; }

/* Best first. The compiler's runtime fills in what __builtin_cpu_supports reads before main. */
static const struct {
    const fv_simd *table;
    bool (*supported)(void);
    const char *dnn; /* fv_dnn_max_isa's name for it */
} isas[] = {
#if defined(__x86_64__)
    {&fv_simd_avx512, has_avx512, "avx512"},
    {&fv_simd_avx2, has_avx2, "avx2"},
#endif
    {&fv_simd_generic, has_nothing_special, "sse41"},
};

static size_t best_allowed; /* of isas[]; fv_isa_limit's, the one thing here that a process can change */

const fv_simd *fv_simd_pick(void) {
    size_t i = best_allowed;
    while (!isas[i].supported()) i++;
    return isas[i].table;
}

fv_status fv_isa_limit(const char *isa) {
    size_t i = 0, n = sizeof isas / sizeof *isas;
    while (i < n && strcmp(isas[i].table->name, isa) != 0) i++;
    if (i == n || !isas[i].supported())
        return fv_fail(FV_UNSUPPORTED, "instruction set %s: this processor has %s", isa, fv_isa_name());
    if (FOVEA_ONEDNN) FV_TRY(fv_dnn_max_isa(isas[i].dnn));
    best_allowed = i;
    return FV_OK;
}

const fv_simd *fv_simd_named(const char *isa) {
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
        if (strcmp(isas[i].table->name, isa) == 0) return isas[i].supported() ? isas[i].table : NULL;
    return NULL;
}

static const char *const precisions[] = {[FV_F32] = "f32", [FV_BF16] = "bf16"};
enum { PRECISIONS = sizeof precisions / sizeof *precisions };

const char *fv_precision_name(int index) { return index >= 0 && index < PRECISIONS ? precisions[index] : NULL; }

static bool has_bf16(void) {
#if defined(__x86_64__)
    return FOVEA_ONEDNN && best_allowed == 0 && has_avx512() && __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

fv_status fv_precision_check(fv_precision precision) {
    if (precision == FV_F32 || (precision == FV_BF16 && has_bf16())) return FV_OK;
    if (precision != FV_BF16)
        return fv_fail(FV_BAD_ARGUMENT, "precision %d: must be FV_F32 or FV_BF16", (int)precision);
    return fv_fail(FV_UNSUPPORTED,
                   "precision bf16: needs oneDNN and a processor with AVX512_BF16, and here are %s and %s: use f32",
                   fv_dnn_version(), fv_isa_name());
}

int fv_block(void) { return strcmp(fv_isa_name(), "avx512") == 0 ? 16 : 8; }

const char *fv_isa_name(void) { return fv_simd_pick()->name; }
