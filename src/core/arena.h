/* Many small things with one lifetime: allocated by bumping a pointer, freed together. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include "core/status.h"

typedef struct fv_arena {
    struct fv_arena_block *blocks; /* newest first */
} fv_arena;                        /* zero-initialised is empty and ready */

/* count * size zeroed bytes, aligned to 16. NULL with FV_NO_MEMORY recorded on failure. */
void *fv_arena_alloc(fv_arena *arena, size_t count, size_t size);
char *fv_arena_strdup(fv_arena *arena, const char *text);
char *fv_arena_format(fv_arena *arena, const char *format, ...) FV_PRINTF(2, 3);
void fv_arena_free(fv_arena *arena);

#endif
