#include "image/exif.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

/* "Exif\0\0", a TIFF header, one directory of two entries, of which the second is the orientation. */
#define BIG(type, items, value) \
    "Exif\0\0MM\0*\0\0\0\x08\0\x02\x01\x0f\0\x02\0\0\0\x09\0\0\0\x26\x01\x12\0" type "\0\0\0" items value "\0\0\0\0"
#define LITTLE(type, items, value)                                                                                    \
    "Exif\0\0II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x09\0\0\0\x26\0\0\0\x12\x01" type "\0" items "\0\0\0" value "\0\0\0" \
    "\0"

#define READ(bytes)         fv_exif_orientation(bytes, sizeof bytes - 1)
#define READ_WITHOUT(bytes) fv_exif_orientation((bytes) + 6, sizeof bytes - 1 - 6)
#define SHORT_BIG(value)    BIG("\x03", "\x01", "\0" value "\0\0")
#define SHORT_LITTLE(value) LITTLE("\x03", "\x01", value "\0\0\0")

static void reads_both_byte_orders(void **state) {
    (void)state;
    assert_int_equal(READ(SHORT_BIG("\x06")), 6);
    assert_int_equal(READ(SHORT_LITTLE("\x06")), 6);
    assert_int_equal(READ_WITHOUT(SHORT_BIG("\x08")), 8);
    assert_int_equal(READ_WITHOUT(SHORT_LITTLE("\x02")), 2);
}

static void reads_a_long(void **state) {
    (void)state;
    assert_int_equal(READ(BIG("\x04", "\x01", "\0\0\0\x03")), 3);
    assert_int_equal(READ(LITTLE("\x04", "\x01", "\x03\0\0\0")), 3);
}

static void takes_nonsense_for_upright(void **state) {
    (void)state;
    assert_int_equal(READ(SHORT_BIG("\0")), 1);
    assert_int_equal(READ(SHORT_BIG("\x09")), 1);
    assert_int_equal(READ(LITTLE("\x04", "\x01", "\x06\0\0\x80")), 1);
    assert_int_equal(READ(BIG("\x03", "\x02", "\0\x06\0\0")), 1);       /* two of them */
    assert_int_equal(READ(BIG("\x02", "\x01", "\0\x06\0\0")), 1);       /* text */
    assert_int_equal(READ("http://ns.adobe.com/xap/1.0/\0<x:xmp"), 1);  /* the other use of APP1 */
    assert_int_equal(READ("Exif\0\0MM\0+\0\0\0\x08\0\x01\x01\x12"), 1); /* BigTIFF */
    assert_int_equal(READ("Exif\0\0MM\0*\xff\xff\xff\xff\0\x01"), 1);   /* a directory beyond the end, ... */
    assert_int_equal(READ("Exif\0\0MM\0*\0\0\0\x08\xff\xff"), 1);       /* and one that goes on beyond it */
    assert_int_equal(fv_exif_orientation(NULL, 0), 1);
}

static void stays_within_every_truncation(void **state) {
    (void)state;
    static const char whole[] = SHORT_LITTLE("\x06");
    for (size_t count = 0; count < sizeof whole - 1; count++) {
        char *bytes = malloc(count + 1); /* of just this size: so that a sanitizer sees one byte more */
        memcpy(bytes + 1, whole, count);
        assert_int_equal(fv_exif_orientation(bytes + 1, count), count < 6 + 8 + 2 + 12 + 10 ? 1 : 6);
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_byte_orders),
        cmocka_unit_test(reads_a_long),
        cmocka_unit_test(takes_nonsense_for_upright),
        cmocka_unit_test(stays_within_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
