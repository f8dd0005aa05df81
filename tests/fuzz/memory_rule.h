/* The rule for readers of foreign bytes (core/foreign.h), asserted: the blocks that live at one time while an input is
 * read, the input included. Counted by the sanitizer's hooks; what fv_map takes is added by the target. */
#ifndef FUZZ_MEMORY_RULE_H
#define FUZZ_MEMORY_RULE_H

#include "core/foreign.h"

#include <sanitizer/allocator_interface.h>
#include <stdio.h>
#include <stdlib.h>

static size_t rule_live, rule_peak;

static void rule_on_malloc(const volatile void *block, size_t bytes) {
    (void)block;
    rule_live += bytes;
    if (rule_live > rule_peak) rule_peak = rule_live;
}

static void rule_on_free(const volatile void *block) {
    size_t bytes = block ? __sanitizer_get_allocated_size(block) : 0;
    rule_live -= bytes < rule_live ? bytes : rule_live; /* some were there before */
}

static inline void rule_begin(void) {
    static int installed;
    if (!installed) installed = __sanitizer_install_malloc_and_free_hooks(rule_on_malloc, rule_on_free);
    rule_live = rule_peak = 0;
}

static inline void rule_end(size_t input, size_t mapped) {
    if (rule_peak + mapped + input <= fv_foreign_limit(input)) return;
    fprintf(stderr, "%zu + %zu bytes for an input of %zu\n", rule_peak, mapped, input);
    abort();
}

#endif
