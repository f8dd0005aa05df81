/* Logs and checkpoints: they say what metrics.jsonl says, go on where a resumed run does, and spare what is not theirs. */
#include "formats/event_file.h"
#include "support/unit.h"
#include "train/small.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static fv_fit_args standard_args(const char *folder) {
    return (fv_fit_args){.optimizer = fv_adam(.lr = 0.01f), .epochs = 4, .seed = 9, .save_dir = folder};
}

static fv_status fit(fv_fit_args args, uint64_t stop_at) {
    fv_model *model = small_model();
    fv_status status = small_fit(model, args, &(watch){.stop_at = stop_at});
    fv_model_free(model);
    return status;
}

static void append_text(const char *path, const char *text) {
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* ---- Lines --------------------------------------------------------------------------------------------------------- */

/* A run that is stopped in its third epoch, after a kill that left a line of it and half of another; then resumed. */
static void test_lines(void **state) {
    (void)state;
    const char *folder = temporary("lines"), *csv = temporary("log.csv"), *jsonl = temporary("log.jsonl");
    fv_fit_args args = standard_args(folder);
    args.callbacks[0] = fv_csv_log(csv);
    args.callbacks[1] = fv_json_log(jsonl);
    put_text(csv, "epoch,of,another,run\n1,2,3,4\n"); /* is replaced */
    assert_int_equal(fit(args, 10), FV_STOPPED);
    append_text(csv, "3,12,0.01,1,1,1,1,1,1\n4,1");
    append_text(jsonl, "{\"epoch\":3,\"loss\":1}\n{\"epo");
    args.resume = true;
    if (fit(args, 0) != FV_OK) fail_msg("%s", fv_error());
    char *log = file_bytes(jsonl, NULL), *metrics = file_bytes(temporary("lines/metrics.jsonl"), NULL);
    char *table = file_bytes(csv, NULL);
    assert_string_equal(log, metrics);
    static const char head[] = "epoch,step,lr,loss,top1,seconds,images_per_second,val_loss,val_top1,val_macro_f1,"
                               "val_macro_recall\n";
    assert_memory_equal(table, head, sizeof head - 1);
    /* Each line of the table is one of the objects, without its names. */
    char *line = table + sizeof head - 1;
    for (const char *at = metrics; *at; at++) {
        if (*at == '"')
            at = strchr(strchr(at + 1, '"'), ':');
        else if (*at != '{' && *at != '}')
            assert_int_equal(*at, *line++);
    }
    assert_int_equal(*line, '\0');
    free(log), free(metrics), free(table);
}

/* The columns of the first line hold for those that follow. */
static void test_columns(void **state) {
    (void)state;
    const char *csv = temporary("columns.csv");
    fv_fit_args args = standard_args(temporary("columns"));
    args.callbacks[0] = fv_csv_log(csv);
    assert_int_equal(fit(args, 6), FV_STOPPED);
    put_text(csv, "epoch,val_top7,val_loss\n1,,0\n");
    args.resume = true;
    args.topk[0] = 2;
    assert_int_equal(fit(args, 0), FV_OK);
    char *table = file_bytes(csv, NULL);
    int second, third, fourth;
    double loss;
    assert_int_equal(
        sscanf(table, "epoch,val_top7,val_loss\n1,,0\n%d,,%lf\n%d,,%*f\n%d,,%*f", &second, &loss, &third, &fourth), 4);
    assert_true(second == 2 && third == 3 && fourth == 4 && loss > 0);
    free(table);
}

/* ---- Checkpoints ------------------------------------------------------------------------------------------------------- */

static void assert_same_files(const char *a, const char *b) {
    fv_model *one = fv_model_load(a), *other = fv_model_load(b);
    if (!one || !other) fail_msg("%s", fv_error());
    assert_same_weights(one, other);
    fv_model_free(one);
    fv_model_free(other);
}

static void test_checkpoints(void **state) {
    (void)state;
    char *checked = strdup(temporary("checked")), *undisturbed = strdup(temporary("whole"));
    fv_fit_args args = standard_args(checked), whole = standard_args(undisturbed);
    args.ema = whole.ema = 0.9f;
    args.callbacks[0] = whole.callbacks[0] = fv_checkpoint_every(2);
    assert_int_equal(fit(whole, 0), FV_OK);
    assert_int_equal(fit(args, 9), FV_STOPPED); /* in epoch 3 */
    assert_int_equal(entries(temporary("checked")), 6);
    put_text(temporary("checked/epoch-0004.safetensors.tmp-7"), "half");
    args.resume = true;
    assert_int_equal(fit(args, 0), FV_OK);
    assert_int_equal(entries(temporary("checked")), 7);
    assert_same_files(temporary("checked/epoch-0002.safetensors"), temporary("whole/epoch-0002.safetensors"));
    assert_same_files(temporary("checked/epoch-0004.safetensors"), temporary("whole/epoch-0004.safetensors"));
    assert_same_files(temporary("checked/epoch-0004.safetensors"), temporary("checked/last.safetensors"));
    /* What replaces the run takes its checkpoints away, and nothing else. */
    put_text(temporary("checked/epoch-2.safetensors"), "not one of them");
    put_text(temporary("checked/epoch-12345.safetensors"), "one of them");
    args.resume = false, args.overwrite = true, args.epochs = 1;
    if (fit(args, 0) != FV_OK) fail_msg("%s", fv_error());
    assert_int_equal(entries(checked), 6);
    free(checked), free(undisturbed);
}

/* ---- Event files ------------------------------------------------------------------------------------------------------- */

/* CRC-32C by a table, unlike the library's. */
static uint32_t masked_crc(const unsigned char *bytes, size_t count) {
    uint32_t table[256], crc = ~0u;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) table[i] = table[i] & 1 ? table[i] >> 1 ^ 0x82f63b78u : table[i] >> 1;
    }
    for (size_t i = 0; i < count; i++) crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static uint64_t fixed(const unsigned char *at, int bytes) {
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++) number |= (uint64_t)at[i] << 8 * i;
    return number;
}

static uint64_t varint(const unsigned char **at) {
    uint64_t number = 0;
    for (int shift = 0;; shift += 7) {
        number |= (uint64_t)(**at & 127) << shift;
        if (!(*(*at)++ & 128)) return number;
    }
}

typedef struct event {
    uint64_t step;
    char tag[64], version[64];
    float value;
    bool start;
} event;

/* The fields of a message; those of what it holds are told apart by `depth`: Event, Summary, Value. */
static void read_message(const unsigned char *at, const unsigned char *end, int depth, event *e) {
    while (at < end) {
        uint64_t key = varint(&at), field = key >> 3, type = key & 7, length;
        float value;
        uint32_t bits;
        if (type == 0) {
            uint64_t number = varint(&at);
            if (depth == 0 && field == 2) e->step = number;
            if (depth == 7 && field == 1) e->start = number == 1;
        } else if (type == 1) {
            at += 8;
        } else if (type == 5) {
            bits = (uint32_t)fixed(at, 4);
            memcpy(&value, &bits, 4);
            if (depth == 6 && field == 2) e->value = value;
            at += 4;
        } else {
            assert_int_equal(type, 2);
            length = varint(&at);
            assert_true(length <= (uint64_t)(end - at));
            if (depth == 0 && field == 3) memcpy(e->version, at, length);
            if (depth == 6 && field == 1) memcpy(e->tag, at, length);
            if (depth == 0 && field == 5) read_message(at, at + length, 5, e);
            if (depth == 0 && field == 7) read_message(at, at + length, 7, e);
            if (depth == 5 && field == 1) read_message(at, at + length, 6, e);
            at += length;
        }
    }
    assert_ptr_equal(at, end);
}

/* The events of a file, at most `room`; framing and checksums are right to its last byte. */
static size_t read_events(const char *path, event *events, size_t room) {
    size_t size, n = 0;
    unsigned char *bytes = file_bytes(path, &size), *at = bytes;
    while (at < bytes + size) {
        assert_true(size - (size_t)(at - bytes) >= 16 && n < room);
        uint64_t length = fixed(at, 8);
        assert_true(length <= size - (size_t)(at - bytes) - 16);
        assert_int_equal(fixed(at + 8, 4), masked_crc(at, 8));
        assert_int_equal(fixed(at + 12 + length, 4), masked_crc(at + 12, length));
        events[n] = (event){0};
        read_message(at + 12, at + 12 + length, 0, &events[n++]);
        at += length + 16;
    }
    free(bytes);
    return n;
}

static void test_checksum(void **state) {
    (void)state;
    const uint32_t crc = 0xe3069283u; /* of "123456789": RFC 3720, appendix B.4 has others */
    assert_int_equal(fv_masked_crc32c("123456789", 9), (uint32_t)((crc >> 15 | crc << 17) + 0xa282ead8u));
    assert_int_equal(masked_crc((const unsigned char *)"123456789", 9), fv_masked_crc32c("123456789", 9));
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int is_event_file(const struct dirent *entry) { return strncmp(entry->d_name, "events.out.tfevents.", 20) == 0; }

/* Two starts are two files; the second says from which epoch on the first counts no more. */
static void test_event_files(void **state) {
    (void)state;
    enum { ROOM = 64, SCALARS = 10 };
    event events[2 * ROOM];
    const char *folder = temporary("board/of/runs");
    fv_fit_args args = standard_args(temporary("board-run"));
    args.callbacks[0] = fv_tensorboard(folder);
    assert_int_equal(fit(args, 10), FV_STOPPED); /* in epoch 3 */
    args.resume = true;
    assert_int_equal(fit(args, 0), FV_OK);
    struct dirent **names;
    assert_int_equal(scandir(folder, &names, is_event_file, by_name), 2);
    size_t first = read_events(temporary("board/of/runs/%s", names[0]->d_name), events, ROOM);
    size_t second = read_events(temporary("board/of/runs/%s", names[1]->d_name), events + first, ROOM);
    free(names[0]), free(names[1]), free(names);
    assert_int_equal(first, 2 + 2 * SCALARS);
    assert_int_equal(second, 2 + 2 * SCALARS);
    assert_string_equal(events[0].version, "brain.Event:2");
    assert_string_equal(events[first].version, "brain.Event:2");
    assert_true(events[1].start && events[1].step == 1);
    assert_true(events[first + 1].start && events[first + 1].step == 3);
    const event *last = &events[first + second - SCALARS];
    assert_string_equal(last[0].tag, "train/step");
    assert_string_equal(last[2].tag, "train/loss");
    assert_string_equal(last[6].tag, "val/loss");
    assert_true(last[0].value == 16 && last[0].step == 4 && last[6].step == 4);
    char *metrics = file_bytes(temporary("board-run/metrics.jsonl"), NULL);
    double loss = 0;
    for (const char *at = metrics; (at = strstr(at, "\"val_loss\":")); at++) loss = strtod(strchr(at, ':') + 1, NULL);
    free(metrics);
    assert_true(fabs((double)last[6].value - loss) <= 1e-6 * loss);
}

/* Logs in the run's own folder, and below it: neither is there before the run is. */
static void test_new_folders(void **state) {
    (void)state;
    fv_fit_args args = standard_args(temporary("new"));
    args.epochs = 1;
    args.callbacks[0] = fv_csv_log(temporary("new/log.csv"));
    args.callbacks[1] = fv_json_log(temporary("new/logs/of/log.jsonl"));
    if (fit(args, 0) != FV_OK) fail_msg("%s", fv_error());
    char *log = file_bytes(temporary("new/logs/of/log.jsonl"), NULL);
    char *metrics = file_bytes(temporary("new/metrics.jsonl"), NULL);
    assert_string_equal(log, metrics);
    free(log), free(metrics);
}

/* ---- Refusals ------------------------------------------------------------------------------------------------------------ */

/* And nothing is touched: neither the run's folder nor the log of another callback. */
static void assert_refused(fv_callback callback, fv_fit_args args, fv_status status, const char *why) {
    const char *log = temporary("before.csv");
    put_text(log, "epoch,of,another,run\n1,2,3,4\n");
    args.callbacks[0] = fv_csv_log(log);
    args.callbacks[1] = callback;
    assert_int_equal(fit(args, 0), status);
    assert_contains(fv_error(), why);
    assert_null(strstr(fv_error(), "callback"));
    assert_true(file_holds(log, "epoch,of,another,run\n1,2,3,4\n", 29));
    if (args.save_dir) assert_int_equal(entries(args.save_dir), -1);
}

static void test_refusals(void **state) {
    (void)state;
    char *other = strdup(temporary("labels.csv")), *fifo = strdup(temporary("fifo")), *run = strdup(temporary("never"));
    const fv_fit_args args = standard_args(run), unsaved = {.epochs = 1};
    put_text(other, "path,label\n1.png,0\n");
    assert_int_equal(mkfifo(fifo, 0666), 0);
    assert_refused(fv_csv_log(other), args, FV_BAD_ARGUMENT, "labels.csv: holds something else than a log of epochs");
    assert_refused(fv_json_log(other), args, FV_BAD_ARGUMENT, "labels.csv: holds something else than a log of epochs");
    assert_true(file_holds(other, "path,label\n1.png,0\n", 19));
    assert_refused(fv_csv_log(fifo), args, FV_IO_ERROR, "fifo: cannot write: ");
    assert_refused(fv_csv_log(temporary("labels.csv/log.csv")), args, FV_IO_ERROR, "cannot write: Not a directory");
    assert_refused(fv_json_log(temporary("none/")), args, FV_IO_ERROR, "none/: cannot write: Is a directory");
    assert_refused(fv_json_log(""), args, FV_BAD_ARGUMENT, "a log needs the name of a file");
    assert_refused(fv_csv_log(NULL), args, FV_BAD_ARGUMENT, "a log needs the name of a file");
    assert_refused(fv_json_log(temporary("never/metrics.jsonl")), args, FV_BAD_ARGUMENT,
                   "never/metrics.jsonl: is a file of the run itself: name another for the log");
    assert_refused(fv_csv_log(temporary("./never/.././never//state.safetensors")), args, FV_BAD_ARGUMENT,
                   "is a file of the run itself");
    assert_refused(fv_csv_log("/proc/nope/log.csv"), args, FV_IO_ERROR, "/proc/nope/log.csv: cannot write: ");
    assert_refused(fv_json_log("/proc/log.jsonl"), args, FV_IO_ERROR, "/proc/log.jsonl: cannot write: ");
    assert_refused(fv_tensorboard(other), args, FV_IO_ERROR, "labels.csv: ");
    assert_refused(fv_tensorboard(NULL), args, FV_BAD_ARGUMENT, "tensorboard: needs the name of a folder");
    assert_refused(fv_checkpoint_every(2), unsaved, FV_BAD_ARGUMENT, "checkpoint_every: needs the save_dir");
    assert_refused(fv_checkpoint_every(0), args, FV_BAD_ARGUMENT, "checkpoint_every 0: must be at least 1 epoch");
    free(other), free(fifo), free(run);
}

static void test_locked_folders(void **state) {
    (void)state;
    const char *locked = temporary("locked");
    const fv_callback logs[] = {fv_csv_log(temporary("locked/log.csv")), fv_tensorboard(temporary("locked/of/board"))};
    assert_int_equal(mkdir(locked, 0555), 0);
    bool root = geteuid() == 0; /* to whom nothing is locked */
    for (int i = 0; i < 2; i++) {
        if (root) assert_int_equal(seteuid(65534), 0);
        fv_status status = fit((fv_fit_args){.epochs = 1, .callbacks = {logs[i]}}, 0);
        if (root) assert_int_equal(seteuid(0), 0);
        assert_int_equal(status, FV_IO_ERROR);
        assert_contains(fv_error(), ": cannot write: Permission denied");
        assert_int_equal(entries(locked), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),    cmocka_unit_test(test_columns),        cmocka_unit_test(test_checkpoints),
        cmocka_unit_test(test_checksum), cmocka_unit_test(test_event_files),    cmocka_unit_test(test_new_folders),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_locked_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
