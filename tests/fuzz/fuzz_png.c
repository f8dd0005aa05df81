/* PNG files, their checksums set right after each mutation: else little but the checks would be tested. */
#include "fuzz/decoder.h"
#include "image/png_fixtures.h"

#include <zlib.h>

enum { SIGNATURE = 8, HEAD = 8, EXTRA = 12 };

static void repair(uint8_t *bytes, size_t count) {
    for (size_t at = SIGNATURE; at <= count && count - at >= EXTRA;) {
        uint8_t *chunk = bytes + at;
        size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
        if (length > count - at - EXTRA) return;
        uint32_t sum = (uint32_t)crc32(0, chunk + 4, (uInt)(length + 4));
        for (int i = 0; i < 4; i++) chunk[HEAD + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += EXTRA + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return fuzz_picture(bytes, count); }

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t most, unsigned seed) {
    count = fuzz_mutate(png_fixtures, sizeof png_fixtures / sizeof *png_fixtures, bytes, count, most, seed);
    repair(bytes, count);
    return count;
}
