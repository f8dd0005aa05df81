/* SHA-256 against FIPS 180-4's examples, and whatever way the bytes are cut. */
#include "core/sha256.h"

#include "support/unit.h"

#include <string.h>

static void assert_sum(const char *text, size_t count, size_t piece, const char *expected) {
    fv_sha256 hash;
    char sum[FV_SHA256_TEXT];
    fv_sha256_start(&hash);
    for (size_t at = 0; at < count; at += piece)
        fv_sha256_add(&hash, text + at, piece < count - at ? piece : count - at);
    fv_sha256_end(&hash, sum);
    assert_string_equal(sum, expected);
}

static void knows_the_examples(void **state) {
    (void)state;
    static char a[1000000];
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    memset(a, 'a', sizeof a);
    assert_sum("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sum("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (size_t piece = 1; piece <= 56; piece++)
        assert_sum(two, 56, piece, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    for (size_t piece = 63; piece <= 65; piece++)
        assert_sum(a, sizeof a, piece, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void reads_files(void **state) {
    (void)state;
    char sum[FV_SHA256_TEXT];
    put_text(temporary("abc"), "abc");
    assert_int_equal(fv_sha256_file(temporary("abc"), sum), FV_OK);
    assert_string_equal(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(fv_sha256_file(temporary("none"), sum), FV_IO_ERROR);
    assert_int_equal(fv_sha256_file("/dev/zero", sum), FV_IO_ERROR);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_the_examples), cmocka_unit_test(reads_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
