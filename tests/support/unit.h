/* cmocka with the headers it wants before it, and what many tests need besides. */
#ifndef SUPPORT_UNIT_H
#define SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A path below this test's own folder ($TMPDIR, which tools/run-tests makes and removes; /tmp by hand). One of eight
 * static buffers. */
const char *temporary(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes, reads and counts without the library, which is what is tested. */
void put_file(const char *path, const void *bytes, size_t count);
void put_text(const char *path, const char *text);
/* True if the file's content is these bytes. */
bool file_holds(const char *path, const void *bytes, size_t count);
/* A file's content, of its own (free it); *count may be NULL. Fails if there is no such file. */
void *file_bytes(const char *path, size_t *count);
/* Names in a folder, without "." and ".."; -1 if there is no such folder. */
int entries(const char *folder);

/* Fails with both texts unless `text` contains `part`. */
void assert_contains(const char *text, const char *part);

#endif
