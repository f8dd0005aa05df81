#include "image/fixture.h"
#include "support/unit.h"

#include <string.h>

#include "image/bmp_fixtures.h"

enum { CASES = sizeof bmp_fixtures / sizeof *bmp_fixtures };

static void each(void (*check)(const fixture *)) {
    for (size_t i = 0; i < CASES; i++) check(&bmp_fixtures[i]);
}

static void equals_pillow(void **s) { (void)s, each(fixture_is_read); }
static void refuses_truncation(void **s) { (void)s, each(fixture_is_read_whole_or_not); }
static void survives_flipped_bits(void **s) { (void)s, each(fixture_survives_flipped_bits); }
static void survives_failing_allocations(void **s) { (void)s, each(fixture_survives_failing_allocations); }

/* ---- Damage: a file of 40 bytes of header, two colors, and what follows ------------------------------------------- */

enum { OFFSET = 10, INFO = 14, WIDTH = 18, HEIGHT = 22, BITS = 28, METHOD = 30, COLORS = 46, MASKS = 54, DATA = 62 };
static uint8_t file[128];

static void set(size_t at, uint32_t x) {
    for (int i = 0; i < 4; i++) file[at + (size_t)i] = (uint8_t)(x >> 8 * i);
}

static void begin(int bits, int method, const void *data, size_t count) {
    memset(file, 0, sizeof file);
    memcpy(file, "BM", 2);
    set(OFFSET, DATA), set(INFO, 40), set(WIDTH, 4), set(HEIGHT, 2), set(METHOD, (uint32_t)method), set(COLORS, 2);
    file[26] = 1, file[BITS] = (uint8_t)bits;
    memcpy(file + DATA, data, count);
}

static void refuse(size_t data, fv_status status, const char *part) { refuse_bytes(file, DATA + data, status, part); }

static void refuses_damaged_headers(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
        fv_status status;
        const char *part;
    } cases[] = {
        {OFFSET, 20, FV_BAD_DATA, "pixels from byte 20 on: must be from 54, where the headers end, to 70, the size"},
        {OFFSET, 71, FV_BAD_DATA, "pixels from byte 71 on"},
        {INFO, 15, FV_BAD_DATA, "an info header of 15 bytes: must be 12 or 16..124"},
        {INFO, 125, FV_BAD_DATA, "an info header of 125 bytes"},
        {WIDTH, 0, FV_BAD_DATA, "an image of 0x2 pixels: a side must be 1..65535"},
        {WIDTH, 0xffffffff, FV_BAD_DATA, "an image of -1x2 pixels"},
        {HEIGHT, 0x80000000, FV_BAD_DATA, "an image of 4x2147483648 pixels"},
        {HEIGHT, 3, FV_BAD_DATA, "truncated: 8 bytes left for 4x3 pixels, which take 12"},
        {BITS, 3, FV_UNSUPPORTED, "3 bits a pixel with compression 0 are not read"},
        {METHOD, 4, FV_UNSUPPORTED, "8 bits a pixel with compression 4 are not read: convert to PNG"},
        {METHOD, 2, FV_UNSUPPORTED, "8 bits a pixel with compression 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(8, 0, "\0\1\0\1\0\1\0\1", 8);
        uint32_t kept = file[cases[i].at + 2] | (uint32_t)file[cases[i].at + 3] << 8;
        set(cases[i].at, cases[i].at == BITS ? cases[i].value | kept << 16 : cases[i].value);
        refuse(8, cases[i].status, cases[i].part);
    }
    refuse_bytes("BM", 2, FV_BAD_DATA, "BMP: truncated: 2 bytes are no header");
}

static void refuses_damaged_pixels(void **state) {
    (void)state;
    begin(8, 0, "\0\1\0\1\0\1\0\2", 8);
    refuse(8, FV_BAD_DATA, "a pixel of color 2: its palette has 2");
    begin(8, 1, "\5\0", 2);
    refuse(2, FV_BAD_DATA, "a run of 5 pixels at 0,0 leaves the 4x2 pixels");
    begin(8, 1, "\4\0\1\0", 4);
    refuse(4, FV_BAD_DATA, "a run of 1 pixels at 4,0 leaves");
    begin(8, 1, "\0\0\0\0\1\0", 6);
    refuse(6, FV_BAD_DATA, "a run of 1 pixels at 0,2 leaves");
    begin(8, 1, "\0\2\5\0", 4);
    refuse(4, FV_BAD_DATA, "a jump to 5,0 leaves the 4x2 pixels");
    begin(8, 1, "\4\0\0\3\1\1\1", 7);
    refuse(7, FV_BAD_DATA, "truncated: its runs end in row 0 of 2");
    begin(16, 3, "", 0);
    set(MASKS, 0x1010), set(MASKS + 4, 0x7e0);
    refuse(8, FV_BAD_DATA, "mask 00001010 of channel 0 is not one run of bits");
}

static void refuses_claims_beyond_the_memory_rule(void **state) {
    (void)state;
    begin(8, 1, "\0\1", 2);
    set(WIDTH, 65535), set(HEIGHT, 65535);
    refuse(2, FV_BAD_DATA, "claims 65535x65535 pixels, too many for 64 bytes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(refuses_truncation),
        cmocka_unit_test(survives_flipped_bits),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(refuses_damaged_headers),
        cmocka_unit_test(refuses_damaged_pixels),
        cmocka_unit_test(refuses_claims_beyond_the_memory_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
