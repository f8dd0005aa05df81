/* EXIF is a TIFF without a picture: a byte order, and directories of 12-byte entries (tag, type, how many, value). Only one
 * entry of the first directory matters here, and this reads it in place: libexif would parse and copy every tag and every
 * maker's own notes, the part of it that its security advisories are about. */
#include "image/exif.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ENTRY_BYTES = 12, ORIENTATION = 0x112, SHORT = 3, LONG = 4 };

typedef struct tiff {
    const uint8_t *bytes;
    size_t count;
    bool big; /* the most significant byte comes first */
} tiff;

/* A number of `size` bytes; 0 beyond the end. */
static uint32_t number(const tiff *t, size_t at, size_t size) {
    uint32_t n = 0;
    if (at > t->count || t->count - at < size) return 0;
    for (size_t i = 0; i < size; i++) n = n << 8 | t->bytes[at + (t->big ? i : size - 1 - i)];
    return n;
}

static int entry_value(const tiff *t, size_t entry) {
    uint32_t type = number(t, entry + 2, 2), items = number(t, entry + 4, 4);
    if (items != 1 || (type != SHORT && type != LONG)) return 1;
    uint32_t value = number(t, entry + 8, type == SHORT ? 2 : 4);
    return value >= 1 && value <= 8 ? (int)value : 1;
}

int fv_exif_orientation(const void *bytes, size_t count) {
    tiff t = {.bytes = bytes, .count = count};
    if (count >= 6 && memcmp(bytes, "Exif\0\0", 6) == 0) t.bytes += 6, t.count -= 6;
    if (t.count < 8) return 1;
    t.big = t.bytes[0] == 'M';
    if (memcmp(t.bytes, t.big ? "MM\0*" : "II*\0", 4) != 0) return 1;
    size_t directory = number(&t, 4, 4), entries = number(&t, directory, 2);
    for (size_t i = 0; i < entries; i++) {
        size_t entry = directory + 2 + i * ENTRY_BYTES;
        if (number(&t, entry, 2) == ORIENTATION) return entry_value(&t, entry);
    }
    return 1;
}
