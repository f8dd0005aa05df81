#include "support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *temporary(const char *format, ...) {
    static char paths[8][4096];
    static unsigned next;
    char *path = paths[next++ % 8];
    const char *folder = getenv("TMPDIR");
    int length = snprintf(path, sizeof paths[0], "%s/", folder ? folder : "/tmp");
    va_list args;
    va_start(args, format);
    vsnprintf(path + length, sizeof paths[0] - (size_t)length, format, args);
    va_end(args);
    return path;
}

void put_file(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    if (!file) fail_msg("%s: cannot be made", path);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

void put_text(const char *path, const char *text) { put_file(path, text, strlen(text)); }

bool file_holds(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    const unsigned char *expected = bytes;
    size_t same = 0;
    while (same < count && fgetc(file) == expected[same]) same++;
    bool equal = same == count && fgetc(file) == EOF;
    fclose(file);
    return equal;
}

void *file_bytes(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s: is not there", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *bytes = calloc(size + 1, 1); /* text ends with a NUL */
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
    if (count) *count = size;
    return bytes;
}

int entries(const char *folder) {
    DIR *d = opendir(folder);
    if (!d) return -1;
    int count = -2;
    while (readdir(d)) count++;
    closedir(d);
    return count;
}

void assert_contains(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("\"%s\" does not contain \"%s\"", text, part);
}
