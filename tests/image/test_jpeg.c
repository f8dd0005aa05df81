#include "core/memory.h"
#include "image/decode.h"
#include "image/jpeg_fixtures.h"
#include "image/orient.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { FIXTURES = sizeof jpeg_fixtures / sizeof *jpeg_fixtures };

/* ---- Files made of the fixtures here ---- */

static uint8_t file[1 << 18];
static size_t length;

static void put(const void *bytes, size_t count) {
    assert_true(count <= sizeof file - length);
    memcpy(file + length, bytes, count);
    length += count;
}

#define PUT_TEXT(bytes) put(bytes, sizeof bytes - 1)

static const struct jpeg_fixture *begin(const char *name) {
    size_t i = 0;
    while (strcmp(jpeg_fixtures[i].name, name) != 0) i++;
    length = 0;
    put(jpeg_fixtures[i].bytes, jpeg_fixtures[i].count);
    return &jpeg_fixtures[i];
}

/* Where the n-th marker of a kind begins. */
static size_t find(int marker, int n) {
    for (size_t i = 0; i + 1 < length; i++)
        if (file[i] == 0xff && file[i + 1] == marker && n-- == 0) return i;
    fail_msg("no marker 0x%02x", (unsigned)marker);
    return 0;
}

static void insert(size_t at, const void *bytes, size_t count) {
    assert_true(count <= sizeof file - length);
    memmove(file + at + count, file + at, length - at);
    memcpy(file + at, bytes, count);
    length += count;
}

static void set_size(int frame, uint32_t width, uint32_t height) {
    uint8_t *sof = file + find(frame, 0);
    sof[5] = (uint8_t)(height >> 8), sof[6] = (uint8_t)height;
    sof[7] = (uint8_t)(width >> 8), sof[8] = (uint8_t)width;
}

static void put_orientation(int orientation) {
    uint8_t app1[] = "\xff\xe1\0\x22"
                     "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    app1[4 + 6 + 8 + 2 + 9] = (uint8_t)orientation;
    insert(2, app1, sizeof app1 - 1);
}

/* ---- What becomes of them ---- */

static uint32_t crc_of(const fv_image *image) {
    return (uint32_t)crc32(0, image->pixels, (uInt)fv_image_samples(image));
}

static fv_image decode(const fv_decode_want *want) {
    fv_image image;
    if (fv_image_decode(file, length, "a.jpg", want, &image) != FV_OK) fail_msg("%s", fv_error());
    assert_int_equal(image.depth, 8);
    return image;
}

static void expect(const struct jpeg_fixture *f) {
    fv_image image = decode(NULL);
    assert_int_equal(image.width, f->width);
    assert_int_equal(image.height, f->height);
    assert_int_equal(image.channels, f->channels);
    assert_int_equal(crc_of(&image), f->crc);
    fv_image_free(&image);
}

static void refuse(fv_status status, const char *part) {
    fv_image image;
    assert_int_equal(fv_image_decode(file, length, "a.jpg", NULL, &image), status);
    assert_contains(fv_error(), "a.jpg: JPEG: ");
    assert_contains(fv_error(), part);
    assert_null(image.owned);
}

/* ---- Good files ---- */

static void reads_every_kind_as_pillow_does(void **state) {
    (void)state;
    for (int i = 0; i < FIXTURES; i++) expect(begin(jpeg_fixtures[i].name));
}

static void turns_pictures_upright(void **state) {
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++) {
        begin("color_420");
        put_orientation(orientation);
        fv_image image = decode(NULL);
        assert_int_equal(image.width, orientation >= 5 ? 21 : 37);
        assert_int_equal(image.height, orientation >= 5 ? 37 : 21);
        assert_int_equal(crc_of(&image), upright_crc[orientation]);
        fv_image_free(&image);
    }
}

/* With the rows of inks, gray and every kind of decoding that come in between. */
static void turns_every_kind_as_a_whole_image(void **state) {
    (void)state;
    for (int i = 0; i < FIXTURES; i++)
        for (int orientation = 2; orientation <= 8; orientation++) {
            begin(jpeg_fixtures[i].name);
            fv_image turned = decode(NULL);
            assert_int_equal(fv_orient(&turned, orientation), FV_OK);
            put_orientation(orientation);
            fv_image image = decode(NULL);
            assert_int_equal(image.width, turned.width);
            assert_int_equal(image.height, turned.height);
            assert_memory_equal(image.pixels, turned.pixels, fv_image_samples(&image));
            fv_image_free(&image);
            fv_image_free(&turned);
        }
}

static void passes_over_other_segments(void **state) {
    (void)state;
    const struct jpeg_fixture *f = begin("color_420");
    static const char xmp[] = "\xff\xe1\0\x22http://ns.adobe.com/xap/1.0/\0<x>";
    insert(2, xmp, sizeof xmp - 1);
    expect(f);
    put_orientation(6);
    insert(2, xmp, sizeof xmp - 1);
    fv_image image = decode(NULL);
    assert_int_equal(crc_of(&image), upright_crc[6]);
    fv_image_free(&image);
}

static void decodes_fast_to_eighths(void **state) {
    (void)state;
    begin("color_420");
    for (int n = 1; n <= 8; n *= 2) {
        int width = (37 * n + 7) / 8, height = (21 * n + 7) / 8;
        fv_image image = decode(&(fv_decode_want){.fast = true, .width = width, .height = height});
        assert_int_equal(image.width, width);
        assert_int_equal(image.height, height);
        assert_int_equal(crc_of(&image), scaled_crc[n]);
        fv_image_free(&image);
    }
}

static void never_decodes_to_less_than_is_wanted(void **state) {
    (void)state;
    begin("color_420");
    for (int width = 0; width < 50; width++)
        for (int height = 0; height < 30; height++) {
            fv_image image = decode(&(fv_decode_want){.fast = true, .width = width, .height = height});
            assert_true(image.width >= (width < 37 ? width : 37));
            assert_true(image.height >= (height < 21 ? height : 21));
            if (width > 37 || height > 21) assert_int_equal(image.width, 37);
            fv_image_free(&image);
        }
}

/* 11x19 of 21x37 upright is 19x11 of 37x21 stored: half. Taken the wrong way round it would be all of it. */
static void measures_what_is_wanted_upright(void **state) {
    (void)state;
    begin("color_420");
    fv_image lying = decode(&(fv_decode_want){.fast = true, .width = 19, .height = 11});
    assert_int_equal(fv_orient(&lying, 6), FV_OK);
    put_orientation(6);
    fv_image image = decode(&(fv_decode_want){.fast = true, .width = 11, .height = 19});
    assert_int_equal(image.width, 11);
    assert_int_equal(image.height, 19);
    assert_memory_equal(image.pixels, lying.pixels, fv_image_samples(&image));
    fv_image_free(&image);
    fv_image_free(&lying);
}

static void forgives_what_costs_no_pixel(void **state) {
    (void)state;
    const struct jpeg_fixture *f = begin("color_420");
    insert(find(0xc4, 0), "padding", 7);
    expect(f);
    f = begin("color_420");
    file[find(0xe0, 0) + 9] = 7; /* JFIF 7.01 */
    expect(f);
    f = begin("ycck");
    file[find(0xee, 0) + 15] = 9; /* a color transform not known: with four components YCCK is taken */
    expect(f);
    f = begin("gray");
    file[find(0xda, 0) + 8] = 5; /* the last coefficient of a scan: for progressive ones */
    expect(f);
    f = begin("restart");
    length -= 2; /* the end marker */
    expect(f);
    f = begin("restart");
    PUT_TEXT("something after the end");
    expect(f);
}

/* ---- Bad files ---- */

static void refuses_every_truncation(void **state) {
    (void)state;
    for (int i = 0; i < FIXTURES; i++) {
        const struct jpeg_fixture *f = begin(jpeg_fixtures[i].name);
        for (length = 3; length < f->count; length++)
            if (f->one_scan && length >= f->count - 2)
                expect(f);
            else
                refuse(FV_BAD_DATA, "JPEG: ");
    }
}

static void says_where_it_ends(void **state) {
    (void)state;
    const struct jpeg_fixture *f = begin("gray");
    length = find(0xda, 0) - 5;
    refuse(FV_BAD_DATA, "truncated in the header");
    f = begin("gray");
    length = f->count - 4;
    refuse(FV_BAD_DATA, "truncated after 16 of 17 rows");
    begin("progressive");
    length = find(0xda, 4);
    refuse(FV_BAD_DATA, "truncated in scan 4");
    begin("color_420");
    put_orientation(1);
    length = 20;
    refuse(FV_BAD_DATA, "APP1 segment of 34 bytes, with 16 left");
    length = 5;
    refuse(FV_BAD_DATA, "APP1 segment of 0 bytes, with 1 left");
    length = 6;
    file[4] = 0, file[5] = 1; /* not even itself */
    refuse(FV_BAD_DATA, "APP1 segment of 1 bytes, with 2 left");
}

static void refuses_damaged_scans(void **state) {
    (void)state;
    begin("restart");
    file[find(0xd0, 0) + 1] = 0xd3;
    refuse(FV_BAD_DATA, "damaged after 0 of 21 rows: Corrupt JPEG data: found marker 0xd3 instead of RST0");
    begin("gray");
    length -= 4;
    PUT_TEXT("\xff\xd9");
    refuse(FV_BAD_DATA, "damaged after 16 of 17 rows: Corrupt JPEG data: premature end of data segment");
    begin("progressive");
    size_t scan = find(0xda, 0), next = find(0xda, 1);
    uint8_t again[256];
    assert_true(next - scan < sizeof again);
    memcpy(again, file + scan, next - scan);
    insert(next, again, next - scan);
    refuse(FV_BAD_DATA, "damaged in scan 2: Inconsistent progression sequence");
}

static void survives_every_flipped_bit(void **state) {
    (void)state;
    for (int i = 0; i < FIXTURES; i++) {
        const struct jpeg_fixture *f = begin(jpeg_fixtures[i].name);
        for (size_t bit = 24; bit < 8 * f->count; bit++) {
            fv_image image;
            file[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (fv_image_decode(file, length, "a.jpg", NULL, &image) == FV_OK) {
                assert_non_null(image.owned);
            } else {
                assert_null(image.owned);
                assert_contains(fv_error(), "a.jpg: JPEG: ");
            }
            fv_image_free(&image);
            file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void refuses_claims_beyond_the_memory_rule(void **state) {
    (void)state;
    begin("color_420");
    set_size(0xc0, 65500, 65500);
    refuse(FV_BAD_DATA, "claims 65500x65500 pixels, too many for");
    set_size(0xc0, 65535, 65535);
    refuse(FV_BAD_DATA, "65500");
    set_size(0xc0, 37, 0);
    refuse(FV_BAD_DATA, "JPEG: ");
    /* 27 MB of pixels would do, but not with as much for the coefficients. */
    set_size(0xc0, 3000, 3000);
    refuse(FV_BAD_DATA, "damaged after 0 of 3000 rows: Corrupt JPEG data: premature end of data segment");
    begin("progressive");
    set_size(0xc2, 3000, 3000);
    refuse(FV_BAD_DATA, "claims 3000x3000 pixels, too many for");
}

static void limits_the_number_of_scans(void **state) {
    (void)state;
    for (int scans = 100; scans <= 101; scans++) {
        const struct jpeg_fixture *f = begin("separate_scans");
        size_t scan = find(0xda, 0), next = find(0xda, 1);
        uint8_t again[1024];
        assert_true(next - scan < sizeof again);
        memcpy(again, file + scan, next - scan);
        for (int i = 3; i < scans; i++) insert(next, again, next - scan);
        if (scans == 100)
            expect(f);
        else
            refuse(FV_BAD_DATA, "more than 100 scans");
    }
}

/* Arithmetic coding takes zeros where there are no data, so a scan of 16 million pixels is its marker: for coefficient k, its
 * bits from `from` down to `to`. */
static void put_scan(int k, int from, int to) {
    put((uint8_t[]){0xff, 0xda, 0, 8, 1, 1, 0, (uint8_t)k, (uint8_t)k, (uint8_t)(from << 4 | to)}, 10);
}

static void limits_the_pixels_of_all_scans(void **state) {
    (void)state;
    for (int scans = 17; scans <= 18; scans++) {
        length = 0;
        PUT_TEXT("\xff\xd8\xff\xdb\0\x43\0");
        for (int i = 0; i < 64; i++) put("\1", 1);
        PUT_TEXT("\xff\xca\0\x0b\x08\0\xf0\xff\xdc\1\1\x11\0"); /* progressive, 65500 x 240, gray */
        put_scan(0, 0, 13);
        for (int i = 1; i < scans; i++) i < 14 ? put_scan(0, 14 - i, 13 - i) : put_scan(i, 0, 13);
        PUT_TEXT("\xff\xd9");
        if (scans == 18) refuse(FV_BAD_DATA, "18 scans of 65500x240 pixels and more, too many for 266 bytes");
        if (scans == 18) break;
        fv_image image = decode(NULL);
        assert_int_equal(image.height, 240);
        fv_image_free(&image);
    }
}

static void names_what_it_cannot_read(void **state) {
    (void)state;
    begin("gray");
    file[find(0xc0, 0) + 4] = 12;
    refuse(FV_UNSUPPORTED, "precision 12");
    begin("gray");
    file[find(0xc0, 0) + 1] = 0xc3; /* lossless */
    refuse(FV_UNSUPPORTED, "SOF type 0xc3");
    length = 0;
    PUT_TEXT("\xff\xd8\xff\xc0\0\x0e\x08\0\1\0\1\2\1\x11\0\2\x11\0\xff\xda\0\x0a\2\1\0\2\0\0\x3f\0");
    refuse(FV_UNSUPPORTED, "2 components: must be 1 (gray), 3 (color) or 4 (CMYK)");
}

static void survives_failing_allocations(void **state) {
    (void)state;
    begin("cmyk");
    put_orientation(6);
    for (long i = 0;; i++) {
        fv_image image;
        fv_memory_fail_after(i);
        fv_status status = fv_image_decode(file, length, "a.jpg", NULL, &image);
        long made = fv_memory_fail_after(-1);
        fv_image_free(&image);
        if (made <= i) break;
        assert_int_equal(status, FV_NO_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind_as_pillow_does),
        cmocka_unit_test(turns_pictures_upright),
        cmocka_unit_test(turns_every_kind_as_a_whole_image),
        cmocka_unit_test(passes_over_other_segments),
        cmocka_unit_test(decodes_fast_to_eighths),
        cmocka_unit_test(never_decodes_to_less_than_is_wanted),
        cmocka_unit_test(measures_what_is_wanted_upright),
        cmocka_unit_test(forgives_what_costs_no_pixel),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(says_where_it_ends),
        cmocka_unit_test(refuses_damaged_scans),
        cmocka_unit_test(survives_every_flipped_bit),
        cmocka_unit_test(refuses_claims_beyond_the_memory_rule),
        cmocka_unit_test(limits_the_number_of_scans),
        cmocka_unit_test(limits_the_pixels_of_all_scans),
        cmocka_unit_test(names_what_it_cannot_read),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
