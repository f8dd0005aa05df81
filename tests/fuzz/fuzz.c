#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <sanitizer/allocator_interface.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_size_t live, budget = SIZE_MAX;

static void grow(size_t bytes) {
    size_t now = atomic_fetch_add(&live, bytes) + bytes, most = atomic_load(&budget);
    if (now <= most) return;
    fprintf(stderr, "\nfuzz: %zu bytes allocated at once, more than the budget of %zu\n", now, most);
    abort();
}

/* What was allocated before the budget began may be freed within it. */
static void shrink(size_t bytes) {
    size_t now = atomic_load(&live);
    while (!atomic_compare_exchange_weak(&live, &now, now < bytes ? 0 : now - bytes)) {}
}

static void on_malloc(const volatile void *block, size_t bytes) {
    (void)block;
    grow(bytes);
}

static void on_free(const volatile void *block) {
    if (block) shrink(__sanitizer_get_allocated_size(block));
}

void *__real_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *address, size_t bytes);
int __wrap_munmap(void *address, size_t bytes);

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
    void *block = __real_mmap(address, bytes, protection, flags, fd, offset);
    if (block != MAP_FAILED) grow(bytes);
    return block;
}

int __wrap_munmap(void *address, size_t bytes) {
    shrink(bytes);
    return __real_munmap(address, bytes);
}

void fuzz_limit(size_t bytes) {
    static int installed;
    if (!installed) installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    atomic_store(&live, 0);
    atomic_store(&budget, bytes);
}

void fuzz_budget(size_t count) { fuzz_limit(32 * count + ((size_t)64 << 20)); }

const char *fuzz_file(const uint8_t *bytes, size_t count) {
    static char path[4096];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/fuzz-input-%ld", folder ? folder : "/tmp", (long)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, bytes, count) != (ssize_t)count || close(fd) != 0) {
        perror(path);
        abort();
    }
    return path;
}
