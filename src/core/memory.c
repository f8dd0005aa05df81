#include "core/memory.h"

#include "core/cgroup.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static atomic_long allocations;  /* since the last fv_memory_fail_after */
static atomic_long failing = -1; /* the allocation, counted so, that fails; -1: none */

long fv_memory_fail_after(long passes) {
    atomic_store(&failing, passes);
    return atomic_exchange(&allocations, 0);
}

/* Counts one allocation; true if it is the one that a test wants to fail. */
static bool fails_now(void) { return atomic_fetch_add(&allocations, 1) == atomic_load(&failing); }

static void *no_memory(size_t count, size_t size) {
    fv_fail(FV_NO_MEMORY, "out of memory: %zu x %zu bytes asked for", count, size);
    return NULL;
}

void *fv_alloc(size_t count, size_t size) {
    void *block = fails_now() ? NULL : calloc(count ? count : 1, size ? size : 1);
    return block ? block : no_memory(count, size);
}

void *fv_realloc(void *block, size_t count, size_t size) {
    size_t bytes;
    void *grown = fails_now() || !fv_size_mul(count, size, &bytes) ? NULL : realloc(block, bytes ? bytes : 1);
    return grown ? grown : no_memory(count, size);
}

void fv_free(void *block) { free(block); }

char *fv_strdup(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = fv_alloc(bytes, 1);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

char *fv_format(const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? NULL : fv_alloc((size_t)length + 1, 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

static void *map(size_t bytes, int flags) {
    if (bytes == 0) bytes = 1;
    flags |= MAP_PRIVATE | MAP_ANONYMOUS;
    void *block = fails_now() ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (block == MAP_FAILED) return no_memory(bytes, 1);
    /* First touch of 4 KiB pages on a virtual machine runs at 0.2 GB/s, of huge ones at 1.2: ask, and go on without. */
    (void)madvise(block, bytes, MADV_HUGEPAGE);
    return block;
}

void *fv_map(size_t bytes) { return map(bytes, 0); }
void *fv_reserve(size_t bytes) { return map(bytes, MAP_NORESERVE); }

void fv_unmap(void *block, size_t bytes) {
    if (block) munmap(block, bytes ? bytes : 1);
}

/* Reads "NAME: <kB>" from /proc/meminfo. */
static size_t meminfo_bytes(const char *name) {
    FILE *file = fopen("/proc/meminfo", "r");
    if (!file) return SIZE_MAX;
    char line[128];
    size_t bytes = SIZE_MAX, name_length = strlen(name);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, name_length) == 0 && line[name_length] == ':')
            bytes = (size_t)strtoull(line + name_length + 1, NULL, 10) * 1024;
    fclose(file);
    return bytes;
}

static _Atomic(size_t) pretended = SIZE_MAX;

void fv_memory_pretend(size_t available) { atomic_store(&pretended, available); }

size_t fv_memory_available(void) {
    size_t pretence = atomic_load(&pretended);
    if (pretence != SIZE_MAX) return pretence;
    size_t system = meminfo_bytes("MemAvailable"), group = fv_cgroup_memory("");
    return group < system ? group : system;
}
