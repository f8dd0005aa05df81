#include "core/memory.h"
#include "core/threads.h"
#include "support/unit.h"

#include <fenv.h>
#include <float.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static const int sizes[] = {1, 2, 3, 9, 0}; /* 9: more than there are processors on a small machine */
enum { SIZES = sizeof sizes / sizeof *sizes, MOST = 64 };

static fv_team *team_of(int n) {
    fv_team *team = fv_team_new(n);
    if (!team) fail_msg("%s", fv_error());
    return team;
}

static const char ASK[] = "--threads-available"; /* of this program: answers by its exit status */

static void there_is_a_processor(void **state) {
    (void)state;
    assert_in_range(fv_threads_available(), 1, 4096);
}

/* What fv_threads_available says in a process of its own, with OMP_PROC_BIND set or not; -1: it cannot be started. */
static int threads_of_a_process(bool bound) {
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (bound) setenv("OMP_PROC_BIND", "true", 1);
        if (!bound) unsetenv("OMP_PROC_BIND");
        execl("/proc/self/exe", "test_threads", ASK, (char *)NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : -1;
}

/* libgomp then binds the main thread to one processor, which is not to say that the others are not for use. */
static void binding_threads_takes_none_away(void **state) {
    (void)state;
    if (!FOVEA_OPENMP) skip(); /* oneDNN may bring libgomp all the same, and threads of our own inherit what it binds */
    int unbound = threads_of_a_process(false);
    if (unbound < 0) skip(); /* under an emulator */
    assert_int_equal(threads_of_a_process(true), unbound);
}

static void a_team_has_the_size_asked_for(void **state) {
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        fv_team *team = team_of(sizes[i]);
        assert_int_equal(fv_team_size(team), sizes[i] ? sizes[i] : fv_threads_available());
        fv_team_free(team);
    }
    fv_team_free(NULL);
}

static void a_wrong_size_is_refused(void **state) {
    (void)state;
    assert_null(fv_team_new(-1));
    assert_int_equal(fv_last_status(), FV_BAD_ARGUMENT);
    assert_string_equal(fv_error(), "-1 threads: must be 1 to 4096, or 0 for what the machine has");
    assert_null(fv_team_new(5000));
    assert_int_equal(fv_last_status(), FV_BAD_ARGUMENT);
}

/* Marks thread t's slot; a second mark or a wrong count shows. */
static void mark(void *context, int thread, int nthreads) {
    int *marks = context;
    marks[thread]++;
    marks[MOST + thread] = nthreads;
}

static void every_thread_runs_once(void **state) {
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        fv_team *team = team_of(sizes[i]);
        for (int run = 0; run < 100; run++) {
            int marks[2 * MOST] = {0};
            fv_team_run(team, mark, marks);
            for (int thread = 0; thread < MOST; thread++) {
                bool in = thread < fv_team_size(team);
                assert_int_equal(marks[thread], in ? 1 : 0);
                assert_int_equal(marks[MOST + thread], in ? fv_team_size(team) : 0);
            }
        }
        fv_team_free(team);
    }
}

/* Workers that have gone to sleep hear of the next run. */
static void a_run_follows_a_rest(void **state) {
    (void)state;
    fv_team *team = team_of(3);
    int marks[2 * MOST] = {0};
    for (int run = 0; run < 5; run++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        fv_team_run(team, mark, marks);
    }
    for (int thread = 0; thread < 3; thread++) assert_int_equal(marks[thread], 5);
    fv_team_free(team);
}

/* Every thread writes its slot, all meet, every thread reads all slots, all meet: plain variables, so that a barrier that
 * lets one through shows as a wrong number, and to TSan as a race. */
struct rounds {
    fv_team *team;
    int count;
    int slots[MOST];
    int wrong[MOST];
};

static void go_rounds(void *context, int thread, int nthreads) {
    struct rounds *r = context;
    for (int round = 1; round <= r->count; round++) {
        r->slots[thread] = round;
        fv_team_barrier(r->team);
        for (int other = 0; other < nthreads; other++) r->wrong[thread] += r->slots[other] != round;
        fv_team_barrier(r->team);
    }
}

static void the_barrier_holds_everyone(void **state) {
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        fv_team *team = team_of(sizes[i]);
        struct rounds r = {.team = team, .count = fv_team_size(team) > fv_threads_available() ? 100 : 2000};
        for (int run = 0; run < 3; run++) fv_team_run(team, go_rounds, &r);
        for (int thread = 0; thread < fv_team_size(team); thread++) {
            assert_int_equal(r.slots[thread], r.count);
            assert_int_equal(r.wrong[thread], 0);
        }
        fv_team_free(team);
    }
}

/* What one run leaves behind the next one sees, without a barrier. */
static void add_left_neighbour(void *context, int thread, int nthreads) {
    (void)nthreads;
    int *line = context;
    line[thread + 1] += line[0];
}

static void runs_see_what_earlier_runs_wrote(void **state) {
    (void)state;
    fv_team *team = team_of(4);
    int line[5] = {0};
    for (int run = 1; run <= 1000; run++) {
        line[0] = run;
        fv_team_run(team, add_left_neighbour, line);
    }
    for (int thread = 0; thread < 4; thread++) assert_int_equal(line[thread + 1], 500500);
    fv_team_free(team);
}

static void *own_team(void *argument) {
    (void)argument;
    fv_team *team = fv_team_new(2);
    struct rounds r = {.team = team, .count = 500};
    if (team) fv_team_run(team, go_rounds, &r);
    fv_team_free(team);
    return team && r.slots[1] == 500 && r.wrong[0] + r.wrong[1] == 0 ? team : NULL;
}

static void teams_of_two_callers_run_side_by_side(void **state) {
    (void)state;
    pthread_t callers[2];
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&callers[i], NULL, own_team, NULL), 0);
    for (int i = 0; i < 2; i++) {
        void *worked;
        pthread_join(callers[i], &worked);
        assert_non_null(worked);
    }
}

/* Half the smallest normal number: a denormal, or zero where they are flushed. Volatile, so that the compiler does not
 * move the product past the call that changes the mode. */
static float half_of_smallest(void) {
    volatile float smallest = FLT_MIN, half = 0.5f, product = smallest * half;
    return product;
}

static void halve(void *context, int thread, int nthreads) {
    (void)nthreads;
    ((float *)context)[thread] = half_of_smallest();
}

static bool can_flush(void) {
#if defined(__SSE__) || defined(__aarch64__)
    return true;
#else
    return false;
#endif
}

static void runs_flush_denormals_and_callers_do_not(void **state) {
    (void)state;
    if (!can_flush()) skip();
    fv_team *team = team_of(3);
    fesetround(FE_UPWARD);
    float halves[3] = {1, 1, 1};
    fv_team_run(team, halve, halves);
    int rounding = fegetround();
    fesetround(FE_TONEAREST);
    assert_int_equal(rounding, FE_UPWARD);
    for (int thread = 0; thread < 3; thread++) assert_true(halves[thread] == 0);
    assert_true(half_of_smallest() > 0);
    fv_team_free(team);
}

static void enter_flushes_until_leave(void **state) {
    (void)state;
    if (!can_flush()) skip();
    fv_team *team = team_of(2);
    fv_team_enter(team);
    float between = half_of_smallest();
    float halves[2] = {1, 1};
    fv_team_run(team, halve, halves);
    float after_run = half_of_smallest();
    fv_team_leave(team);
    assert_true(between == 0 && halves[0] == 0 && halves[1] == 0 && after_run == 0);
    assert_true(half_of_smallest() > 0);
    fv_team_free(team);
}

static void a_failed_allocation_makes_no_team(void **state) {
    (void)state;
    fv_memory_fail_after(-1);
    fv_team_free(team_of(3));
    long allocations = fv_memory_fail_after(-1);
    assert_true(allocations > 0);
    for (long passes = 0; passes < allocations; passes++) {
        fv_memory_fail_after(passes);
        assert_null(fv_team_new(3));
        assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    }
    fv_memory_fail_after(-1);
}

/* With address space for some threads' stacks only, those already started are ended again. In a child, since the limit
 * stays. */
static void a_thread_that_cannot_start_makes_no_team(void **state) {
    (void)state;
#if FOVEA_OPENMP || defined(SANITIZED)
    skip(); /* libgomp starts its threads later, and ends the program; sanitizers need the address space */
#else
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
        setrlimit(RLIMIT_AS, &limit);
        fv_team *team = fv_team_new(4000);
        bool as_it_should = !team && fv_last_status() == FV_NO_MEMORY && strstr(fv_error(), "of 4000") &&
                            strstr(fv_error(), "(ask for fewer threads)");
        team = fv_team_new(2);
        _exit(as_it_should && team ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
#endif
}

static void shares_cover_everything_evenly(void **state) {
    (void)state;
    static const int counts[] = {0, 1, 2, 5, 16, 1000, INT_MAX};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int nthreads = 1; nthreads <= 70; nthreads += 3) {
            int count = counts[c], end = 0;
            size_t end_size = 0;
            for (int thread = 0; thread < nthreads; thread++) {
                int begin = -1;
                size_t begin_size = 1;
                int last = end;
                size_t last_size = end_size;
                fv_share(count, thread, nthreads, &begin, &end);
                fv_share_size((size_t)count, thread, nthreads, &begin_size, &end_size);
                assert_int_equal(begin, last);
                assert_int_equal(begin_size, last_size);
                assert_in_range(end - begin, count / nthreads, (size_t)count / (size_t)nthreads + 1);
                assert_in_range(end_size - begin_size, count / nthreads, (size_t)count / (size_t)nthreads + 1);
            }
            assert_int_equal(end, count);
            assert_int_equal(end_size, count);
        }
}

static void the_largest_size_is_shared_too(void **state) {
    (void)state;
    size_t begin, end;
    fv_share_size(SIZE_MAX, 6, 7, &begin, &end);
    assert_int_equal(end, SIZE_MAX);
    assert_true(end - begin >= SIZE_MAX / 7);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], ASK) == 0) return fv_threads_available() % 256;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_a_processor),
        cmocka_unit_test(binding_threads_takes_none_away),
        cmocka_unit_test(a_team_has_the_size_asked_for),
        cmocka_unit_test(a_wrong_size_is_refused),
        cmocka_unit_test(every_thread_runs_once),
        cmocka_unit_test(a_run_follows_a_rest),
        cmocka_unit_test(the_barrier_holds_everyone),
        cmocka_unit_test(runs_see_what_earlier_runs_wrote),
        cmocka_unit_test(teams_of_two_callers_run_side_by_side),
        cmocka_unit_test(runs_flush_denormals_and_callers_do_not),
        cmocka_unit_test(enter_flushes_until_leave),
        cmocka_unit_test(a_failed_allocation_makes_no_team),
        cmocka_unit_test(a_thread_that_cannot_start_makes_no_team),
        cmocka_unit_test(shares_cover_everything_evenly),
        cmocka_unit_test(the_largest_size_is_shared_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
