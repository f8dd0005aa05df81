/* What is said of output that was lost: why the first of it was, also where what came after it was written. */
#include "output.h"
#include "support/unit.h"

#include "fovea/base.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { PIPE = 4096 };

/* Prints more than a pipe holds whose reader does not read, and ends when there is room again. */
static fv_status print_too_much(void) {
    int ends[2];
    static char bytes[4 * PIPE];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, PIPE) == PIPE);
    assert_true(dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
    cli_output_begin();
    for (size_t i = 0; i < sizeof bytes; i++) putchar('x');
    while (read(ends[0], bytes, sizeof bytes) > 0) {}
    puts("the end");
    fv_status status = cli_output_end();
    assert_int_equal(read(ends[0], bytes, sizeof bytes) > 0, true);
    close(ends[0]), close(ends[1]);
    return status;
}

static void the_first_reason_is_told(void **state) {
    (void)state;
    FILE *before = stdout;
    int standard = dup(STDOUT_FILENO);
    fflush(stdout);
    fv_status status = print_too_much();
    FILE *made = stdout;
    stdout = before;
    fclose(made);
    assert_true(dup2(standard, STDOUT_FILENO) == STDOUT_FILENO);
    close(standard);
    assert_int_equal(status, FV_IO_ERROR);
    assert_string_equal(fv_error(), "standard output: Resource temporarily unavailable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_reason_is_told),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
