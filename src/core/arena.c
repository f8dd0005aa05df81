#include "core/arena.h"

#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_BYTES = 16 * 1024, ALIGNMENT = 16 };

typedef struct fv_arena_block {
    struct fv_arena_block *next;
    size_t used, size; /* of `bytes` */
    _Alignas(ALIGNMENT) unsigned char bytes[];
} fv_arena_block;

static fv_arena_block *block_with(fv_arena *arena, size_t bytes) {
    fv_arena_block *block = arena->blocks;
    if (block && block->size - block->used >= bytes) return block;
    size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES, total;
    if (!fv_size_add(sizeof *block, size, &total)) {
        fv_fail(FV_NO_MEMORY, "out of memory: %zu bytes asked for", bytes);
        return NULL;
    }
    block = fv_alloc(1, total);
    if (!block) return NULL;
    block->size = size;
    block->next = arena->blocks;
    return arena->blocks = block;
}

void *fv_arena_alloc(fv_arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!fv_size_mul(count, size, &bytes) || !fv_size_add(bytes, ALIGNMENT - 1, &bytes)) {
        fv_fail(FV_NO_MEMORY, "out of memory: %zu x %zu bytes asked for", count, size);
        return NULL;
    }
    bytes &= ~(size_t)(ALIGNMENT - 1);
    fv_arena_block *block = block_with(arena, bytes);
    if (!block) return NULL;
    void *result = block->bytes + block->used;
    block->used += bytes;
    return result;
}

char *fv_arena_strdup(fv_arena *arena, const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = fv_arena_alloc(arena, bytes, 1);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

char *fv_arena_format(fv_arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : fv_arena_alloc(arena, (size_t)length + 1, 1);
    if (length < 0) fv_fail(FV_NO_MEMORY, "a text that is too long to be written");
    if (!text) return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void fv_arena_free(fv_arena *arena) {
    while (arena->blocks) {
        fv_arena_block *next = arena->blocks->next;
        fv_free(arena->blocks);
        arena->blocks = next;
    }
}
