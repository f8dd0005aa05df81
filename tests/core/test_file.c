#include "core/file.h"
#include "core/memory.h"
#include "support/unit.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BIG = 3 << 20 };
static unsigned char big[BIG];

static int make_big(void **state) {
    (void)state;
    for (size_t i = 0; i < BIG; i++) big[i] = (unsigned char)(i * 2654435761u >> 24);
    return 0;
}

/* An empty folder of its own, for tests that look at what else lies there. */
static const char *empty_folder(const char *name) {
    const char *folder = temporary("%s", name);
    assert_int_equal(mkdir(folder, 0777), 0);
    return folder;
}

static fv_status write_whole(const char *path, const void *bytes, size_t count) {
    fv_file_writer *w = fv_file_create(path);
    fv_file_write(w, bytes, count);
    return fv_file_commit(w);
}

/* Writing. */

static void written_in_pieces_of_every_size(void **state) {
    (void)state;
    const char *path = temporary("pieces");
    fv_file_writer *w = fv_file_create(path);
    assert_non_null(w);
    size_t done = 0;
    for (size_t piece = 0; done < BIG; piece = piece * 3 + 1) { /* 0, 1, 4, 13, ... beyond any buffer */
        size_t count = piece < BIG - done ? piece : BIG - done;
        assert_int_equal(fv_file_write(w, big + done, count), FV_OK);
        done += count;
    }
    assert_int_equal(fv_file_commit(w), FV_OK);
    assert_true(file_holds(path, big, BIG));
}

static void nothing_is_seen_before_commit(void **state) {
    (void)state;
    const char *folder = empty_folder("unseen"), *path = temporary("unseen/target");
    put_text(path, "old");
    fv_file_writer *w = fv_file_create(path);
    assert_int_equal(fv_file_write(w, big, BIG), FV_OK);
    assert_true(file_holds(path, "old", 3));
    assert_int_equal(entries(folder), 2);
    assert_int_equal(fv_file_commit(w), FV_OK);
    assert_true(file_holds(path, big, BIG));
    assert_int_equal(entries(folder), 1);
}

static void abandoning_leaves_no_trace(void **state) {
    (void)state;
    const char *folder = empty_folder("abandoned");
    fv_file_writer *w = fv_file_create(temporary("abandoned/target"));
    assert_int_equal(fv_file_write(w, big, BIG), FV_OK);
    fv_file_abandon(w);
    fv_file_abandon(NULL);
    assert_int_equal(entries(folder), 0);
}

static void an_empty_file_is_a_file(void **state) {
    (void)state;
    assert_int_equal(write_whole(temporary("empty"), NULL, 0), FV_OK);
    assert_true(file_holds(temporary("empty"), "", 0));
}

static void leftovers_of_a_killed_process_are_replaced(void **state) {
    (void)state;
    const char *folder = empty_folder("leftover");
    put_text(temporary("leftover/target.tmp-%ld", (long)getpid()), "half of a much longer conte");
    assert_int_equal(write_whole(temporary("leftover/target"), "new", 3), FV_OK);
    assert_true(file_holds(temporary("leftover/target"), "new", 3));
    assert_int_equal(entries(folder), 1);
}

static void permissions_are_kept(void **state) {
    (void)state;
    const char *path = temporary("secret");
    put_text(path, "old");
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(write_whole(path, "new", 3), FV_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

static void relative_names_work(void **state) {
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(empty_folder("relative")), 0);
    fv_status written = write_whole("here", "x", 1), made = fv_make_folders("a/b"), in = write_whole("a/b/c", "y", 1);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(written | made | in, FV_OK);
    assert_true(file_holds(temporary("relative/here"), "x", 1));
    assert_true(file_holds(temporary("relative/a/b/c"), "y", 1));
}

static void null_passes_the_failure_on(void **state) {
    (void)state;
    assert_int_equal(write_whole(temporary("no/such/folder"), "x", 1), FV_IO_ERROR);
    assert_contains(fv_error(), "no/such/folder: cannot write: No such file or directory (check the spelling and that "
                                "the folder exists)");
}

static void targets_that_are_no_files_are_refused(void **state) {
    (void)state;
    assert_int_equal(write_whole("/dev/null", "x", 1), FV_IO_ERROR);
    assert_string_equal(fv_error(), "/dev/null: cannot write: not a regular file, so it cannot be replaced");
    struct stat info;
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));

    const char *folder = empty_folder("a-folder");
    assert_int_equal(write_whole(folder, "x", 1), FV_IO_ERROR);
    assert_contains(fv_error(), "a-folder: cannot write: Is a directory (give the path of a file)");
}

/* A disk that is full after 100,000 bytes, as a limit on the size of files plays it. */
static void a_full_disk_leaves_the_old_content(void **state) {
    (void)state;
    const char *folder = empty_folder("full"), *path = temporary("full/target");
    put_text(path, "old");
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);

    fv_file_writer *w = fv_file_create(path);
    fv_status small_enough = fv_file_write(w, big, 1000), too_much = fv_file_write(w, big, BIG);
    char first[1024];
    snprintf(first, sizeof first, "%s", fv_error());
    fv_fail(FV_BAD_DATA, "another failure in between");
    fv_status again = fv_file_write(w, big, 1);
    bool same = strcmp(first, fv_error()) == 0;
    fv_fail(FV_BAD_DATA, "another failure in between");
    fv_status committed = fv_file_commit(w);
    bool same_at_commit = strcmp(first, fv_error()) == 0;
    fv_status buffered = write_whole(path, big, 150000); /* fails where the buffer is written, in commit */

    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(small_enough, FV_OK);
    assert_int_equal(too_much, FV_IO_ERROR);
    assert_contains(first, "full/target: cannot write: File too large (larger than the limit on files");
    assert_int_equal(again, FV_IO_ERROR);
    assert_true(same);
    assert_int_equal(committed, FV_IO_ERROR);
    assert_true(same_at_commit);
    assert_int_equal(buffered, FV_IO_ERROR);
    assert_true(file_holds(path, "old", 3));
    assert_int_equal(entries(folder), 1);
}

static void a_closed_folder_is_named(void **state) {
    (void)state;
    const char *folder = empty_folder("closed");
    assert_int_equal(chmod(folder, 0555), 0);
    bool root = geteuid() == 0; /* whom permissions do not stop */
    if (root) assert_int_equal(seteuid(65534), 0);
    fv_status written = write_whole(temporary("closed/target"), "x", 1);
    char message[1024];
    snprintf(message, sizeof message, "%s", fv_error());
    fv_status made = fv_make_folders(temporary("closed/folder"));
    if (root) assert_int_equal(seteuid(0), 0);
    assert_int_equal(written, FV_IO_ERROR);
    assert_contains(message, "cannot write: Permission denied (check the permissions");
    assert_int_equal(made, FV_IO_ERROR);
    assert_contains(fv_error(), "closed/folder: cannot make the folder: Permission denied");
}

/* In a child with its own mounts: a real full disk, then the same disk read-only. Returns a bit for each thing wrong;
 * 64: this machine lets nobody mount. */
static int on_a_tiny_disk(const char *folder, const char *path, const char *new_folder) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tiny", folder, "tmpfs", 0, "size=64k") != 0)
        return 64;
    int wrong = 0;
    wrong |= write_whole(path, "old", 3) == FV_OK ? 0 : 1;
    wrong |= write_whole(path, big, BIG) == FV_IO_ERROR && strstr(fv_error(), "No space left on device (free") ? 0 : 2;
    wrong |= file_holds(path, "old", 3) && entries(folder) == 1 ? 0 : 4;
    if (mount("tiny", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) != 0) return 64;
    wrong |= write_whole(path, "x", 1) == FV_IO_ERROR && strstr(fv_error(), "Read-only file system (choose") ? 0 : 8;
    wrong |= fv_make_folders(new_folder) == FV_IO_ERROR && strstr(fv_error(), "Read-only file system (choose") ? 0 : 16;
    wrong |= fv_make_folders(folder) == FV_OK ? 0 : 32;
    return wrong;
}

static void a_tiny_disk_gets_full_and_read_only(void **state) {
    (void)state;
    const char *folder = empty_folder("tiny");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(on_a_tiny_disk(folder, temporary("tiny/target"), temporary("tiny/new/folder")));
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 64) skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Every allocation of writing and of reading fails once. */
static void failed_allocations_change_nothing(void **state) {
    (void)state;
    const char *folder = empty_folder("sweep"), *path = temporary("sweep/target");
    put_text(path, "old");
    long failures = 0;
    for (fv_status status = FV_NO_MEMORY; status != FV_OK; failures++) {
        fv_memory_fail_after(failures);
        status = write_whole(path, "new", 3);
        fv_memory_fail_after(-1);
        assert_true(status == FV_OK || status == FV_NO_MEMORY);
        assert_true(file_holds(path, status == FV_OK ? "new" : "old", 3));
        assert_int_equal(entries(folder), 1);
    }
    assert_true(failures > 3);
    fv_memory_fail_after(0);
    assert_null(fv_file_read(path, 100, NULL));
    assert_int_equal(fv_last_status(), FV_NO_MEMORY);
    fv_memory_fail_after(0);
    assert_int_equal(fv_make_folders(folder), FV_NO_MEMORY);
    fv_memory_fail_after(-1);
}

/* Reading. */

static void the_whole_content_with_a_nul_behind(void **state) {
    (void)state;
    const char *path = temporary("whole");
    put_file(path, big, BIG);
    size_t count = 0;
    unsigned char *content = fv_file_read(path, BIG, &count);
    assert_non_null(content);
    assert_int_equal(count, BIG);
    assert_memory_equal(content, big, BIG);
    assert_int_equal(content[BIG], 0);
    fv_free(content);

    put_text(path, "text");
    char *text = fv_file_read(path, SIZE_MAX, NULL);
    assert_string_equal(text, "text");
    fv_free(text);
}

static void more_than_the_limit_is_refused(void **state) {
    (void)state;
    const char *path = temporary("limit");
    put_file(path, big, 1000);
    assert_null(fv_file_read(path, 999, NULL));
    assert_int_equal(fv_last_status(), FV_BAD_DATA);
    assert_contains(fv_error(), "limit: 1000 bytes, which is more than the 999 that are read");
}

static void only_files_are_read(void **state) {
    (void)state;
    assert_null(fv_file_read(temporary("missing"), 10, NULL));
    assert_contains(fv_error(), "missing: cannot read: No such file or directory (check the spelling");
    assert_null(fv_file_read(empty_folder("unreadable"), 10, NULL));
    assert_contains(fv_error(), "unreadable: cannot read: Is a directory (give the path of a file)");
    const char *fifo = temporary("fifo");
    assert_int_equal(mkfifo(fifo, 0666), 0);
    assert_null(fv_file_read(fifo, 10, NULL)); /* without waiting for a writer */
    assert_contains(fv_error(), "fifo: cannot read: not a regular file");
    assert_null(fv_file_read("/dev/zero", 10, NULL));
    assert_int_equal(fv_last_status(), FV_IO_ERROR);
}

/* Folders and names. */

static void folders_with_their_parents(void **state) {
    (void)state;
    const char *deep = temporary("one//two/three/");
    assert_int_equal(fv_make_folders(deep), FV_OK);
    assert_true(fv_is_folder(temporary("one/two/three")));
    assert_int_equal(fv_make_folders(deep), FV_OK);
    put_text(temporary("one/file"), "x");
    assert_int_equal(fv_make_folders(temporary("one/file/two")), FV_IO_ERROR);
    assert_contains(fv_error(), "one/file: cannot make the folder: File exists (there is a file of that name)");
    assert_int_equal(fv_make_folders(""), FV_IO_ERROR);
    assert_true(fv_is_file(temporary("one/file")) && !fv_is_folder(temporary("one/file")));
    assert_true(!fv_is_file(temporary("one")) && !fv_is_file(temporary("none")) && !fv_is_folder(temporary("none")));
}

static void paths_are_joined_with_one_slash(void **state) {
    (void)state;
    static const char *const cases[][3] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "b"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = fv_path_join(cases[i][0], cases[i][1]);
        assert_string_equal(path, cases[i][2]);
        fv_free(path);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_in_pieces_of_every_size),
        cmocka_unit_test(nothing_is_seen_before_commit),
        cmocka_unit_test(abandoning_leaves_no_trace),
        cmocka_unit_test(an_empty_file_is_a_file),
        cmocka_unit_test(leftovers_of_a_killed_process_are_replaced),
        cmocka_unit_test(permissions_are_kept),
        cmocka_unit_test(relative_names_work),
        cmocka_unit_test(null_passes_the_failure_on),
        cmocka_unit_test(targets_that_are_no_files_are_refused),
        cmocka_unit_test(a_full_disk_leaves_the_old_content),
        cmocka_unit_test(a_closed_folder_is_named),
        cmocka_unit_test(a_tiny_disk_gets_full_and_read_only),
        cmocka_unit_test(failed_allocations_change_nothing),
        cmocka_unit_test(the_whole_content_with_a_nul_behind),
        cmocka_unit_test(more_than_the_limit_is_refused),
        cmocka_unit_test(only_files_are_read),
        cmocka_unit_test(folders_with_their_parents),
        cmocka_unit_test(paths_are_joined_with_one_slash),
    };
    return cmocka_run_group_tests(tests, make_big, NULL);
}
