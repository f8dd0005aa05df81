#include "kernels/cpu.h"

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
} isas[] = {
#if defined(__x86_64__)
    {&fv_simd_avx512, has_avx512},
    {&fv_simd_avx2, has_avx2},
#endif
    {&fv_simd_generic, has_nothing_special},
};

const fv_simd *fv_simd_pick(void) {
    int i = 0;
    while (!isas[i].supported()) i++;
    return isas[i].table;
}

const fv_simd *fv_simd_named(const char *isa) {
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
        if (strcmp(isas[i].table->name, isa) == 0) return isas[i].supported() ? isas[i].table : NULL;
    return NULL;
}

int fv_block(void) { return strcmp(fv_isa_name(), "avx512") == 0 ? 16 : 8; }

const char *fv_isa_name(void) { return fv_simd_pick()->name; }
