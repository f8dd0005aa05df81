#include "core/memory.h"
#include "data/loader.h"
#include "data/trees.h"
#include "fovea/train.h"
#include "support/unit.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { GOOD = 30, SIDE = 4, PIXELS = 3 * SIDE * SIDE };

/* ---- Files that are anything ------------------------------------------------------------------------------------- */

/* A PNG's signature and header, and nothing behind them: 65,535 x 65,535 pixels. */
static const uint8_t huge_png[] = {0x89, 'P',  'N',  'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I',  'H',  'D',  'R', 0,
                                   0,    0xff, 0xff, 0,   0,    0xff, 0xff, 8,    2, 0, 0, 0,  0xbf, 0xb8, 0x90, 0x06};

static void make_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_in_range(strlen(path), 1, sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

/* In byte order, what each bad file of "any/b" is, and why it cannot be read. */
static const struct bad {
    const char *name, *reason;
} bads[] = {
    {"dangling.ppm", "cannot read: No such file"},
    {"empty.png", "not an image"},
    {"fifo.jpg", "not a regular file"},
    {"html.jpeg", "not an image"},
    {"huge.png", "PNG: "},
    {"loop.ppm", "Too many levels of symbolic links"},
    {"nl\n\xff.ppm", "not an image"},
    {"short.ppm", "PPM: truncated"},
    {"socket.png", "cannot read: "},
    {"unreadable.ppm", "cannot read: Permission denied (check the permissions of the file"},
};
enum { BAD = sizeof bads / sizeof *bads };

/* Permissions are nothing to a root that may override them: it shall not. */
static int keep_to_permissions(void **state) {
    (void)state;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
    assert_int_equal(syscall(SYS_capget, &header, caps), 0);
    caps[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
    assert_int_equal(syscall(SYS_capset, &header, caps), 0);
    return 0;
}

/* GOOD pictures in two classes, their colors being their numbers; `bad` adds the others. */
static void make_tree(const char *name, bool bad) {
    char path[64];
    for (int i = 0; i < GOOD; i++) {
        snprintf(path, sizeof path, "%s/%s/p%02d.ppm", name, i % 2 ? "b" : "a", i);
        tree_picture(path, SIDE, SIDE, i);
    }
    if (!bad) return;
    assert_int_equal(symlink("nowhere.ppm", temporary("%s/b/dangling.ppm", name)), 0);
    put_text(temporary("%s/b/empty.png", name), "");
    assert_int_equal(mkfifo(temporary("%s/b/fifo.jpg", name), 0666), 0);
    put_text(temporary("%s/b/html.jpeg", name), "<!DOCTYPE html><html><body>404</body></html>");
    put_file(temporary("%s/b/huge.png", name), huge_png, sizeof huge_png);
    assert_int_equal(symlink("loop.ppm", temporary("%s/b/loop.ppm", name)), 0);
    put_text(temporary("%s/b/nl\n\xff.ppm", name), "?");
    put_text(temporary("%s/b/short.ppm", name), "P6 4 4 255\n123");
    make_socket(temporary("%s/b/socket.png", name));
    put_text(temporary("%s/b/unreadable.ppm", name), "P6 1 1 255\n123");
    assert_int_equal(chmod(temporary("%s/b/unreadable.ppm", name), 0), 0);
    assert_int_equal(symlink("p01.ppm", temporary("%s/b/z.ppm", name)), 0); /* a good one */
}

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

static fv_loader_args args_for(int batch, int workers) {
    return (fv_loader_args){.channels = 3,
                            .height = SIDE,
                            .width = SIDE,
                            .batch_size = batch,
                            .workers = workers,
                            .shuffle = true,
                            .seed = 3};
}

/* A fingerprint of an epoch's batches: sizes, indices, labels, pixels. Checks that each image fits its index. */
static uint64_t epoch_of(fv_loader *l, uint64_t epoch, int *skipped) {
    fv_batch b;
    uint64_t sum = 14695981039346656037u; /* FNV-1a's */
    *skipped = 0;
    assert_int_equal(fv_loader_start(l, epoch, 0), FV_OK);
    for (;;) {
        assert_int_equal(fv_loader_next(l, &b), FV_OK);
        *skipped += b.skipped;
        if (b.count == 0) return sum;
        for (int i = 0; i < b.count; i++) {
            float color = b.x[i * PIXELS] * 255;
            assert_true(b.x[i * PIXELS + PIXELS - 1] * 255 == color);
            assert_true((int)(color + 0.5f) % 2 == b.labels[i]);
            sum = (sum ^ (uint64_t)b.index[i] ^ (uint64_t)b.count << 32 ^ b.next << 40) * 1099511628211u;
        }
    }
}

static void batches_leave_bad_files_out(void **state) {
    (void)state;
    int skipped;
    make_tree("any", true);
    for (int batch = 1; batch <= GOOD; batch += 6) {
        uint64_t first = 0;
        for (int workers = 0; workers <= 4; workers++) {
            fv_dataset *d = fv_folder(temporary("any"));
            fv_loader_args a = args_for(batch, workers);
            fv_loader *l = fv_loader_new(d, &a);
            uint64_t sum = epoch_of(l, 1, &skipped);
            if (!workers) first = sum;
            assert_int_equal(sum, first);
            assert_int_equal(skipped, BAD);
            assert_int_equal(epoch_of(l, 1, &skipped), first); /* now that they are known */
            fv_loader_free(l);
            fv_dataset_free(d);
        }
    }
}

static void each_is_named_with_its_reason(void **state) {
    (void)state;
    int skipped;
    fv_bad_file files[BAD + 1];
    fv_dataset *d = fv_folder(temporary("any"));
    fv_loader_args a = args_for(8, 3);
    fv_loader *l = fv_loader_new(d, &a);
    epoch_of(l, 0, &skipped);
    assert_int_equal(fv_dataset_bad_files(d, files, BAD + 1), BAD);
    for (int i = 0; i < BAD; i++) {
        assert_contains(files[i].path, bads[i].name);
        assert_contains(files[i].reason, bads[i].reason);
        assert_null(strstr(files[i].reason, "/b/")); /* the path is not said twice */
        if (i) assert_true(files[i].index > files[i - 1].index);
    }
    assert_int_equal(fv_dataset_bad_files(d, files, 2), BAD);
    assert_int_equal(fv_dataset_bad_files(NULL, files, 2), 0);
    fv_loader_free(l);
    fv_dataset_free(d);
}

static void whole_batches_may_be_bad(void **state) {
    (void)state;
    fv_batch b;
    tree_text("gaps/x/1.ppm", "?"), tree_text("gaps/x/2.ppm", "?"), tree_text("gaps/x/6.ppm", "?");
    tree_text("gaps/x/7.ppm", "?"), tree_text("gaps/x/8.ppm", "?");
    for (int i = 3; i <= 5; i++) {
        char path[32];
        snprintf(path, sizeof path, "gaps/x/%d.ppm", i);
        tree_picture(path, SIDE, SIDE, 2 * i);
    }
    fv_dataset *d = fv_folder(temporary("gaps"));
    for (int workers = 0; workers <= 2; workers++) {
        fv_loader_args a = args_for(2, workers); /* {1 2} {3 4} {5 6} {7 8} */
        a.shuffle = false;
        fv_loader *l = fv_loader_new(d, &a);
        assert_int_equal(fv_loader_start(l, 0, 0), FV_OK);
        assert_int_equal(fv_loader_next(l, &b), FV_OK);
        assert_int_equal(b.count * 100 + b.skipped * 10 + (int)b.next, 222);
        assert_int_equal(b.index[0] * 10 + b.index[1], 23);
        assert_int_equal(fv_loader_next(l, &b), FV_OK);
        assert_int_equal(b.count * 100 + b.skipped * 10 + (int)b.next, 113);
        assert_int_equal(fv_loader_next(l, &b), FV_OK);
        assert_int_equal(b.count * 100 + b.skipped * 10 + (int)b.next, 24);
        fv_loader_free(l);
    }
    fv_dataset_free(d);
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

enum { WEIGHTS = 2 * PIXELS };

static fv_model *network(void) {
    fv_value *x = fv_input(fv_graph_new("flat"), 3, SIDE, SIDE);
    return fv_model_new(fv_linear(fv_flatten(x), "fc", 2), .seed = 1);
}

typedef struct telling {
    int told, steps, stop_after;
} telling;

static fv_status on_bad_file(void *user, const fv_bad_file *file) {
    assert_contains(file->path, "/b/");
    ((telling *)user)->told++;
    return FV_OK;
}

static fv_status on_step(void *user, const fv_step_report *report) {
    telling *t = user;
    assert_in_range(report->batch, 1, report->batches);
    return ++t->steps == t->stop_after ? FV_STOPPED : FV_OK;
}

/* Trains for two epochs on the tree "any"; weights [WEIGHTS] afterwards. */
static fv_status fit(int workers, const char *save, bool resume, float max_bad, telling *t, float *weights) {
    fv_model *model = network();
    fv_dataset *d = fv_folder(temporary("any"));
    fv_status status = fv_fit(model, d, d, .epochs = 2, .batch_size = 4, .threads = 1, .workers = workers, .seed = 9,
                              .save_dir = save, .save_every = save ? 1 : 0, .resume = resume, .max_bad = max_bad,
                              .callback = {.user = t, .on_step = on_step, .on_bad_file = on_bad_file});
    if (status == FV_OK && weights) assert_int_equal(fv_model_get(model, "fc.weight", weights, WEIGHTS), FV_OK);
    fv_dataset_free(d);
    fv_model_free(model);
    return status;
}

static void training_has_the_same_bits_with_any_workers(void **state) {
    (void)state;
    float first[WEIGHTS], other[WEIGHTS];
    for (int workers = 0; workers <= 3; workers++) {
        telling t = {0};
        if (fit(workers, NULL, false, 0.5f, &t, workers ? other : first) != FV_OK) fail_msg("%s", fv_error());
        if (workers) assert_memory_equal(first, other, sizeof first);
        assert_int_equal(t.told, BAD); /* once, in two epochs and two validations */
    }
}

static void training_resumes_to_the_same_bits(void **state) {
    (void)state;
    float whole[WEIGHTS], resumed[WEIGHTS];
    telling t = {0};
    assert_int_equal(fit(0, NULL, false, 0.5f, &t, whole), FV_OK);
    for (int stop = 1, steps = t.steps; stop < steps; stop++) {
        const char *run = temporary("run%d", stop);
        t = (telling){.stop_after = stop};
        assert_int_equal(fit(1, run, false, 0.5f, &t, NULL), FV_STOPPED);
        t = (telling){0};
        if (fit(2, run, true, 0.5f, &t, resumed) != FV_OK) fail_msg("%s", fv_error());
        assert_int_equal(t.steps, steps - stop);
        assert_memory_equal(whole, resumed, sizeof whole);
    }
}

static void too_many_end_the_run(void **state) {
    (void)state;
    telling t = {0};
    assert_int_equal(fit(0, NULL, false, 0, &t, NULL), FV_BAD_DATA);
    assert_contains(fv_error(), "of 41 images cannot be read so far, and 5% may (--max-bad); the first: ");
    assert_in_range(t.told, 3, BAD);
    assert_int_equal(fit(0, NULL, false, FV_ZERO, &t, NULL), FV_BAD_DATA);
    assert_contains(fv_error(), " and 0% may");
    assert_int_equal(fit(0, NULL, false, 1, &t, NULL), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "max_bad 1: must be from 0 to below 1");
    assert_int_equal(fit(0, NULL, false, (float)BAD / (GOOD + 1 + BAD) + 0.001f, &t, NULL), FV_OK);
}

static void evaluation_counts_what_could_be_read(void **state) {
    (void)state;
    fv_evaluation e;
    fv_model *model = network();
    fv_dataset *d = fv_folder(temporary("any"));
    assert_int_equal(fv_evaluate(model, d, &e, .max_bad = 0.3f, .batch_size = 7), FV_OK);
    assert_int_equal(e.n, GOOD + 1);
    assert_int_equal(fv_evaluate(model, d, &e, .batch_size = 7), FV_BAD_DATA);
    fv_dataset_free(d);
    fv_model_free(model);
}

/* A file that goes, or goes bad, between two epochs. */
static void files_may_go_bad_during_training(void **state) {
    (void)state;
    int skipped;
    make_tree("going", false);
    fv_dataset *d = fv_folder(temporary("going"));
    fv_dataset_cache(d, 0);
    fv_loader_args a = args_for(8, 2);
    fv_loader *l = fv_loader_new(d, &a);
    epoch_of(l, 0, &skipped);
    assert_int_equal(skipped, 0);
    unlink(temporary("going/a/p00.ppm"));
    put_text(temporary("going/b/p01.ppm"), "P6 4 4 255\n");
    epoch_of(l, 1, &skipped);
    assert_int_equal(skipped, 2);
    assert_int_equal(fv_dataset_bad_files(d, NULL, 0), 2);
    fv_loader_free(l);
    fv_dataset_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_leave_bad_files_out),
        cmocka_unit_test(each_is_named_with_its_reason),
        cmocka_unit_test(whole_batches_may_be_bad),
        cmocka_unit_test(training_has_the_same_bits_with_any_workers),
        cmocka_unit_test(training_resumes_to_the_same_bits),
        cmocka_unit_test(too_many_end_the_run),
        cmocka_unit_test(evaluation_counts_what_could_be_read),
        cmocka_unit_test(files_may_go_bad_during_training),
    };
    return cmocka_run_group_tests(tests, keep_to_permissions, NULL);
}
