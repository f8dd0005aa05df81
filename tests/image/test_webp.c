#include "image/fixture.h"
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),          cmocka_unit_test(refuses_truncation),
        cmocka_unit_test(survives_flipped_bits),  cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(refuses_what_it_is_not), cmocka_unit_test(refuses_claims_beyond_the_memory_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
