#include "image/fixture.h"
#include "image/webp.h"
#include "support/unit.h"

#include <string.h>

#include "image/webp_fixtures.h"

enum { CASES = sizeof webp_fixtures / sizeof *webp_fixtures };

static void each(void (*check)(const fixture *)) {
    for (size_t i = 0; i < CASES; i++) check(&webp_fixtures[i]);
}

static void equals_pillow(void **s) { (void)s, each(fixture_is_read); }
static void refuses_truncation(void **s) { (void)s, each(fixture_is_read_whole_or_not); }
static void survives_flipped_bits(void **s) { (void)s, each(fixture_survives_flipped_bits); }
static void survives_failing_allocations(void **s) { (void)s, each(fixture_survives_failing_allocations); }

static void refuses_what_it_is_not(void **state) {
    (void)state;
    refuse_bytes(webp_animation, sizeof webp_animation, FV_UNSUPPORTED, "WebP: an animation: ");
    refuse_bytes("RIFF\x04\0\0\0WAVE", 12, FV_BAD_DATA, "a RIFF file of another kind, not WebP");
    refuse_bytes("RIFF\x04\0\0\0WEBP", 12, FV_BAD_DATA, "its data are damaged");
    refuse_bytes("RIFF", 4, FV_BAD_DATA, "truncated: 4 bytes are no header");
    const fixture *f = &webp_fixtures[0];
    refuse_bytes(f->file, f->count - 1, FV_BAD_DATA, "truncated: ");
}

/* Lossless: after its signature byte 14 bits of width - 1 and of height - 1. */
static void refuses_claims_beyond_the_memory_rule(void **state) {
    (void)state;
    uint8_t file[64] = "RIFF\x38\0\0\0WEBPVP8L\x2c\0\0\0\x2f\xff\xff\xff\x0f";
    refuse_bytes(file, sizeof file, FV_BAD_DATA, "claims 16384x16384 pixels, too many for 64 bytes");
}

/* ---- Lossless pictures, bit for bit ------------------------------------------------------------------------------- */

static uint8_t file[1 << 10] = "RIFF\xf8\x03\0\0WEBPVP8L\xec\x03\0";
static size_t bits;

static void put(uint32_t value, int n) {
    for (int i = 0; i < n; i++, bits++) file[bits / 8] |= (uint8_t)((value >> i & 1) << bits % 8);
}

static void put_word(uint32_t word, int n) { /* of a prefix code: its first bit is the highest */
    while (n--) put(word >> n & 1, 1);
}

/* A picture of 1024 x 1024 pixels, up to its transforms. */
static void begin(void) {
    memset(file + 20, 0, sizeof file - 20);
    bits = 8 * 20;
    put(0x2f, 8), put(1023, 14), put(1023, 14), put(0, 4);
}

/* A code of one symbol, which takes no bits. */
static void put_single(uint32_t symbol) { put(symbol < 2 ? 1 : 5, 3), put(symbol, symbol < 2 ? 1 : 8); }

/* An image, all of one color, and without bits for its pixels. */
static void put_plain(uint32_t green, uint32_t red) {
    put(0, 1); /* no color cache */
    put_single(green), put_single(red), put_single(0), put_single(0), put_single(0);
}

static size_t claims(void) { return fv_webp_claims(file, sizeof file); }

/* What libwebp 1.2.4 takes for a group, with 2954 entries in its tables, or, with a color cache of 11 bits, 5004. */
enum { ENTROPY = 256 * 256, GROUP = 640 + 4 * 2954, CACHED = 640 + 4 * 5004 };

static void foresees_groups_of_prefix_codes(void **state) {
    (void)state;
    begin(), put(0, 1), put(0, 2);
    assert_int_equal(claims(), 0); /* no entropy image */
    begin(), put(0, 1), put(0, 1), put(1, 1), put(0, 3), put_plain(2, 1);
    assert_int_equal(claims(), 4 * ENTROPY + (size_t)(256 + 2 + 1) * GROUP);
    begin(), put(0, 1), put(0, 1), put(1, 1), put(0, 3), put_plain(255, 255);
    assert_int_equal(claims(), 4 * ENTROPY + (size_t)65536 * GROUP);
    refuse_bytes(file, sizeof file, FV_BAD_DATA, "WebP: its prefix codes would take 816 MB, too many for 1024 bytes");
}

static void foresees_them_behind_transforms(void **state) {
    (void)state;
    begin();
    put(1, 1), put(0, 2), put(0, 3), put_plain(9, 9);   /* predictors */
    put(1, 1), put(2, 2);                               /* green is subtracted */
    put(1, 1), put(1, 2), put(7, 3), put_plain(0, 200); /* colors */
    put(1, 1), put(3, 2), put(1, 8), put_plain(77, 7);  /* two colors: eight pixels in one */
    put(0, 1), put(1, 1), put(11, 4), put(1, 1), put(0, 3), put_plain(3, 0);
    assert_int_equal(claims(), 4 * 32 * 256 + 4 * (size_t)CACHED);
    begin();
    put(1, 1), put(2, 2), put(1, 1), put(2, 2); /* the same twice */
    put(0, 1), put(0, 1), put(1, 1), put(0, 3), put_plain(255, 255);
    assert_int_equal(claims(), 0);
}

/* Green's code has 255 literals, and a length of 3073 to 4096 pixels; all words have 8 bits. */
static void put_lengths(void) {
    put(0, 1), put(12 - 4, 4);
    for (int i = 0; i < 12; i++) put(i == 2 || i == 11, 3); /* 0 is the word 0, and 8 is 1 */
    put(0, 1);
    for (int i = 0; i < 280; i++) put_word(i < 255 || i == 279, 1);
}

static void foresees_them_behind_copies(void **state) {
    (void)state;
    begin(), put(0, 1), put(0, 1), put(1, 1), put(0, 3), put(0, 1);
    put_lengths(), put_single(0), put_single(0), put_single(0), put_single(0);
    for (uint32_t i = 0; i < 255; i++) put_word(i, 8);
    for (int left = ENTROPY - 255; left > 0; left -= 4096)
        put_word(255, 8), put((left < 4096 ? left : 4096) - 3073, 10);
    assert_int_equal(claims(), 4 * ENTROPY + (size_t)255 * GROUP);
    assert_in_range(bits / 8, 1, sizeof file);
    size_t end = bits / 8;
    assert_int_equal(fv_webp_claims(file, end - 1), 0); /* libwebp does not get so far */
    assert_int_not_equal(fv_webp_claims(file, end + 1), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(refuses_truncation),
        cmocka_unit_test(survives_flipped_bits),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(refuses_what_it_is_not),
        cmocka_unit_test(refuses_claims_beyond_the_memory_rule),
        cmocka_unit_test(foresees_groups_of_prefix_codes),
        cmocka_unit_test(foresees_them_behind_transforms),
        cmocka_unit_test(foresees_them_behind_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
