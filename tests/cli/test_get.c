/* `fovea data get` against a server on the loopback: what comes, what goes on, what is refused, and what then lies there. */
#include "cli/server.h"
#include "core/sha256.h"
#include "sets.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BYTES = 300001 };

static unsigned char bytes[BYTES];
static char sum[FV_SHA256_TEXT];
static cli_known_set set = {.name = "known", .files = {{"numbers.bin", BYTES, sum}}};
static server *there;
static char folder[256], path[300], part[310];

static int start(void **state) {
    (void)state;
    fv_sha256 hash;
    for (int i = 0; i < BYTES; i++) bytes[i] = (unsigned char)(i * 7 + i / 251);
    fv_sha256_start(&hash);
    fv_sha256_add(&hash, bytes, BYTES);
    fv_sha256_end(&hash, sum);
    setenv("no_proxy", "*", 1);
    there = server_start(bytes, BYTES);
    return 0;
}

static int stop(void **state) {
    (void)state;
    server_stop(there);
    return 0;
}

/* Each test in a folder of its own. */
static int fresh(void **state) {
    static int n;
    (void)state;
    snprintf(folder, sizeof folder, "%s", temporary("get-%d", n++));
    snprintf(path, sizeof path, "%s/numbers.bin", folder);
    snprintf(part, sizeof part, "%s.part", path);
    server_requests(there, NULL);
    return 0;
}

static fv_status get(server_manner manner) {
    server_behave(there, manner);
    fv_status status = cli_bring_set(&set, folder, server_address(there));
    if (status == FV_UNSUPPORTED) skip();
    return status;
}

static void assert_whole(void) {
    assert_true(file_holds(path, bytes, BYTES));
    assert_int_equal(entries(folder), 1);
}

static void assert_refused(server_manner manner, const char *why) {
    assert_int_equal(get(manner), FV_BAD_DATA);
    assert_contains(fv_error(), why);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void brings_a_file_once(void **state) {
    (void)state;
    assert_int_equal(get(RANGES), FV_OK);
    assert_whole();
    assert_int_equal(server_requests(there, NULL), 1);
    assert_int_equal(get(MISSING), FV_OK);
    assert_int_equal(server_requests(there, NULL), 0);
    assert_whole();
}

/* What the first call left is not asked for again. */
static void goes_on_where_it_was_cut_off(void **state) {
    (void)state;
    size_t from, have;
    assert_refused(CUT_OFF, "http://127.0.0.1");
    free(file_bytes(part, &have));
    assert_int_equal(have, BYTES / 2);
    assert_refused(MISSING, "the server answers 404");
    server_requests(there, &from);
    assert_int_equal(from, have);
    assert_int_equal(get(RANGES), FV_OK);
    assert_int_equal(server_requests(there, &from), 1);
    assert_int_equal(from, have);
    assert_whole();
}

/* Where there are no ranges, or others than were asked for, the whole comes again. */
static void begins_anew_without_ranges(void **state) {
    static const struct {
        server_manner manner;
        int requests;
    } cases[] = {{NO_RANGES, 1}, {WRONG_RANGE, 2}, {NO_MORE, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fresh(state);
        assert_refused(CUT_OFF, "");
        server_requests(there, NULL);
        assert_int_equal(get(cases[i].manner), FV_OK);
        assert_int_equal(server_requests(there, NULL), cases[i].requests);
        assert_whole();
    }
}

/* Nothing stays of what is another file. */
static void refuses_other_bytes(void **state) {
    assert_refused(DAMAGED, "numbers.bin: not the numbers.bin that is known: SHA-256 ");
    assert_int_equal(entries(folder), 0);
    assert_refused(ENDLESS, "more than its 300001 bytes");
    assert_int_equal(entries(folder), 0);
    fresh(state);
    assert_refused(CUT_OFF, "");
    assert_refused(DAMAGED, "that is known: SHA-256 ");
    assert_int_equal(get(RANGES), FV_OK);
    assert_whole();
}

static void follows_redirections(void **state) {
    (void)state;
    assert_int_equal(get(MOVED), FV_OK);
    assert_whole();
    fresh(state);
    assert_refused(IN_A_CIRCLE, "redirects");
}

static void says_what_the_server_says(void **state) {
    (void)state;
    assert_refused(MISSING, "numbers.bin: the server answers 404");
    assert_int_equal(entries(folder), 0);
}

/* What is too long for a part, or no file, is no part. */
static void trusts_no_part(void **state) {
    (void)state;
    unsigned char *longer = calloc(1, BYTES + 1);
    get(MISSING);
    put_file(part, longer, BYTES + 1);
    assert_int_equal(get(RANGES), FV_OK);
    assert_whole();
    unlink(path);
    put_file(part, longer, BYTES / 3);
    assert_refused(RANGES, "that is known: SHA-256 ");
    assert_int_equal(get(RANGES), FV_OK);
    unlink(path);
    put_text(temporary("elsewhere"), "mine");
    assert_int_equal(symlink(temporary("elsewhere"), part), 0);
    assert_int_equal(get(RANGES), FV_IO_ERROR);
    assert_true(file_holds(temporary("elsewhere"), "mine", 4));
    free(longer);
}

static void leaves_the_users_files(void **state) {
    (void)state;
    get(MISSING);
    put_text(path, "mine");
    assert_int_equal(get(RANGES), FV_BAD_DATA);
    assert_contains(fv_error(), "stands in the way");
    assert_true(file_holds(path, "mine", 4));
}

/* A source that fails is followed by the next; the last one's failure is the answer. */
static void tries_one_source_after_the_other(void **state) {
    (void)state;
    cli_known_set two = set;
    two.sources[0] = "http://127.0.0.1:1/", two.sources[1] = server_address(there);
    get(MISSING);
    server_behave(there, RANGES);
    assert_int_equal(cli_bring_set(&two, folder, NULL), FV_OK);
    assert_whole();
    unlink(path);
    two.sources[1] = NULL;
    assert_int_equal(cli_bring_set(&two, folder, NULL), FV_BAD_DATA);
    assert_contains(fv_error(),
                    "known cannot be had (offline? --mirror URL names another source): http://127.0.0.1:1/");
}

/* The table is what it should be: each checksum has 64 digits, each address ends where a name begins. */
static void knows_its_sets(void **state) {
    (void)state;
    for (int i = 0; i < cli_n_known_sets; i++) {
        const cli_known_set *s = &cli_known_sets[i];
        assert_ptr_equal(cli_find_known_set(s->name), s);
        assert_non_null(s->sources[0]);
        for (int k = 0; k < CLI_SET_SOURCES && s->sources[k]; k++)
            assert_int_equal(s->sources[k][strlen(s->sources[k]) - 1], '/');
        for (int k = 0; k < CLI_SET_FILES && s->files[k].name; k++) {
            assert_int_equal(strspn(s->files[k].sha256, "0123456789abcdef"), 64);
            assert_int_equal(strlen(s->files[k].sha256), 64);
        }
    }
    assert_null(cli_find_known_set("mnits"));
    assert_contains(fv_error(), "mnist");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(brings_a_file_once, fresh),
        cmocka_unit_test_setup(goes_on_where_it_was_cut_off, fresh),
        cmocka_unit_test_setup(begins_anew_without_ranges, fresh),
        cmocka_unit_test_setup(refuses_other_bytes, fresh),
        cmocka_unit_test_setup(follows_redirections, fresh),
        cmocka_unit_test_setup(says_what_the_server_says, fresh),
        cmocka_unit_test_setup(trusts_no_part, fresh),
        cmocka_unit_test_setup(leaves_the_users_files, fresh),
        cmocka_unit_test_setup(tries_one_source_after_the_other, fresh),
        cmocka_unit_test(knows_its_sets),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
