/* Archives, whole and hostile, made here. */
#include "data/tar.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static const fv_tar_member wanted[] = {{"set/one.bin", 1000}, {"set/two.txt", 10}};
static char path[256], folder[256];
static gzFile out;

static void begin(void) {
    static int n;
    snprintf(path, sizeof path, "%s", temporary("archive-%d", ++n));
    snprintf(folder, sizeof folder, "%s", temporary("out-%d", n));
    out = gzopen(path, "wb");
    assert_non_null(out);
}

static void put_head(const char *name, char type, const char *size, int off) {
    unsigned char head[512] = {0};
    unsigned sum = 0;
    snprintf((char *)head, 100, "%s", name);
    snprintf((char *)head + 124, 12, "%s", size);
    memset(head + 148, ' ', 8);
    head[156] = (unsigned char)type;
    for (int i = 0; i < 512; i++) sum += head[i];
    snprintf((char *)head + 148, 8, "%06o", sum + (unsigned)off);
    gzwrite(out, head, 512);
}

static void put_member(const char *name, const void *bytes, size_t count) {
    static const char zeros[512];
    char size[12];
    snprintf(size, sizeof size, "%011zo", count);
    put_head(name, '0', size, 0);
    gzwrite(out, bytes, (unsigned)count);
    gzwrite(out, zeros, (unsigned)((512 - count % 512) % 512));
}

static void end(void) {
    static const char zeros[1024];
    gzwrite(out, zeros, sizeof zeros);
    gzclose(out);
}

static fv_status unpack(void) {
    end();
    return fv_untar(path, folder, wanted, 2);
}

static void assert_damaged(const char *why) {
    assert_int_equal(unpack(), FV_BAD_DATA);
    assert_contains(fv_error(), why);
}

static void takes_what_is_wanted(void **state) {
    (void)state;
    unsigned char one[1000];
    for (int i = 0; i < 1000; i++) one[i] = (unsigned char)(i * 3);
    begin();
    put_head("set/", '5', "00000000000", 0);
    put_member("set/readme.html", one, 700);
    put_member("../escaped", one, 5);
    put_member("/tmp/escaped", one, 5);
    put_member("set/one.bin", one, sizeof one);
    put_member("set/two.txt", "two\n", 4);
    assert_int_equal(unpack(), FV_OK);
    char file[300];
    snprintf(file, sizeof file, "%s/set", folder);
    assert_int_equal(entries(folder), 1);
    assert_int_equal(entries(file), 2);
    snprintf(file, sizeof file, "%s/set/one.bin", folder);
    assert_true(file_holds(file, one, sizeof one));
    snprintf(file, sizeof file, "%s/set/two.txt", folder);
    assert_true(file_holds(file, "two\n", 4));
    assert_int_not_equal(access(temporary("escaped"), F_OK), 0);
}

static void refuses_what_is_damaged(void **state) {
    (void)state;
    static const char bytes[2000];
    begin(), put_member("set/one.bin", bytes, 5), assert_damaged("holds no set/two.txt");
    begin(), put_member("set/one.bin", bytes, 1001), assert_damaged("set/one.bin has 1001 bytes: at most 1000");
    begin(), put_head("set/one.bin", '2', "00000000000", 0), assert_damaged("set/one.bin is no regular file");
    begin(), put_head("set/one.bin", '0', "00000000005", 1), assert_damaged("checksum is wrong");
    begin(), put_head("set/one.bin", '0', "9", 0), assert_damaged("not octal");
    begin(), put_head("set/one.bin", '0', "\x80\x7f\x7f", 0), assert_damaged("not octal");
    begin(), put_head("other", '0', "77777777777", 0), assert_damaged("too early");
    begin(), put_head("set/one.bin", '0', "00000001000", 0), assert_damaged("holds no");
    put_text(path, "no archive at all, and not even a block of one");
    assert_int_equal(fv_untar(path, folder, wanted, 2), FV_BAD_DATA);
    assert_int_equal(fv_untar(temporary("none"), folder, wanted, 2), FV_IO_ERROR);
}

/* Cut anywhere, a damaged stream is an error, and no member is there in part. */
static void refuses_every_cut(void **state) {
    (void)state;
    unsigned char noise[900];
    unsigned x = 1;
    for (int i = 0; i < 900; i++) noise[i] = (unsigned char)((x = x * 1664525 + 1013904223) >> 24);
    begin();
    put_member("set/one.bin", noise, sizeof noise);
    put_member("set/two.txt", noise, 10);
    end();
    size_t count;
    void *whole = file_bytes(path, &count);
    for (size_t cut = 0; cut + 200 < count; cut += 37) {
        put_file(path, whole, cut);
        snprintf(folder, sizeof folder, "%s", temporary("cut-%zu", cut));
        assert_int_equal(fv_untar(path, folder, wanted, 2), FV_BAD_DATA);
        char file[300];
        snprintf(file, sizeof file, "%s/set", folder);
        assert_true(entries(file) <= 1);
        snprintf(file, sizeof file, "%s/set/one.bin", folder);
        if (access(file, F_OK) == 0) assert_true(file_holds(file, noise, sizeof noise));
    }
    free(whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_what_is_wanted),
                                       cmocka_unit_test(refuses_what_is_damaged), cmocka_unit_test(refuses_every_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
