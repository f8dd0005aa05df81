/* What a TIFF file says before libtiff believes it: the sizes of its tags' values, the windows and scans of its compressed data. */
#include "core/memory.h"
#include "image/tiff.h"

#include <string.h>

typedef struct source {
    const uint8_t *bytes;
    size_t count;
    bool big_endian;
} source;

/* 0 where it lies beyond the end. */
static uint64_t number(const source *s, uint64_t at, size_t bytes) {
    uint64_t x = 0;
    if (bytes > s->count || at > s->count - bytes) return 0;
    for (size_t i = 0; i < bytes; i++) x |= (uint64_t)s->bytes[at + i] << 8 * (s->big_endian ? bytes - 1 - i : i);
    return x;
}

/* Two forms, by the version in the header: where the offset of the first directory stands, and the bytes of an offset and a
 * value's count, of the number of entries, and of an entry: tag (2), type (2), count, value. */
typedef struct form {
    uint64_t version, start, offset, entries, entry;
} form;

static const form forms[] = {{42, 4, 4, 2, 12}, {43, 8, 8, 8, 20}};

size_t fv_tiff_claims(const uint8_t *bytes, size_t count) {
    static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                    8, 4, 8, 4, 0, 0, 8, 8, 8}; /* of a value, by its type */
    source s = {bytes, count, count > 0 && bytes[0] == 'M'};
    const form *f = &forms[number(&s, 2, 2) == forms[1].version];
    uint64_t at = number(&s, f->start, f->offset), entries = number(&s, at, f->entries);
    size_t total = 0;
    if (at > count) return 0;
    for (at += f->entries; entries-- && at < count; at += f->entry) {
        uint64_t type = number(&s, at + 2, 2), values = number(&s, at + 4, f->offset);
        size_t claimed;
        if (!fv_size_mul(type < sizeof sizes ? sizes[type] : 0, values, &claimed) ||
            !fv_size_add(total, claimed, &total))
            return SIZE_MAX;
    }
    return total;
}

/* RFC 8878, 3.1.1.1: after the magic number a descriptor, and a byte for the window unless the descriptor says that the
 * frame is one segment; then, after an identifier of 0 to 4 bytes, the content's size is the window. */
static uint64_t window_of(const source *s, uint64_t at) {
    static const uint8_t identifier[] = {0, 1, 2, 4}, content[] = {1, 2, 4, 8};
    uint64_t descriptor = number(s, at, 1), size = descriptor >> 6;
    if (descriptor & 0x20) return number(s, at + 1 + identifier[descriptor & 3], content[size]) + (size == 1 ? 256 : 0);
    uint64_t window = number(s, at + 1, 1), base = (uint64_t)1 << (10 + (window >> 3));
    return base + base / 8 * (window & 7);
}

size_t fv_tiff_zstd_window(const uint8_t *bytes, size_t count) {
    static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    source s = {bytes, count, false};
    uint64_t largest = 0;
    const uint8_t *end = bytes + count, *at = bytes;
    while ((at = memmem(at, (size_t)(end - at), magic, sizeof magic))) {
        at += sizeof magic;
        uint64_t window = window_of(&s, (uint64_t)(at - bytes));
        if (window > largest) largest = window;
    }
    return largest < SIZE_MAX ? (size_t)largest : SIZE_MAX;
}

size_t fv_tiff_jpeg_scans(const uint8_t *bytes, size_t count) {
    static const uint8_t marker[] = {0xff, 0xda};
    size_t scans = 0;
    const uint8_t *end = bytes + count, *at = bytes;
    for (; (at = memmem(at, (size_t)(end - at), marker, sizeof marker)); at += sizeof marker) scans++;
    return scans;
}
