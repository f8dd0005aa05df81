/* The state of a run, resumed: the input is state.safetensors twice, as it is, and as the document in one whose tensors are
 * those of the run. What is refused leaves the weights as they were. */
#include "train/run.h"

#include "core/file.h"
#include "core/memory.h"
#include "formats/params.h"
#include "formats/quote.h"
#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 2, IMAGES = 8 };

static const fv_fit_args args = {.epochs = 3, .batch_size = BATCH};
static fv_model *model;
static fv_trainer *trainer;
static char folder[4096], path[4200];
static char *whole; /* a state with the document "@" */
static size_t whole_bytes;

static void require(bool condition) {
    if (!condition) abort();
}

/* ---- The run that is resumed ------------------------------------------------------------------------------------------- */

/* Writes an empty document's state by way of the library, which quotes names and lays tensors out, and reads it back. */
static void make_whole(void) {
    fv_tensor_entry entries[16];
    size_t n = 0;
    for (int i = 0; i < model->n_params; i++) require(!fv_param_entry(&model->params[i], "model.", &entries[n++]));
    for (int i = 0; i < trainer->n_slots; i++)
        require(!fv_param_entry(&trainer->slots[i], "optimizer.", &entries[n++]));
    require(fv_safetensors_write(path, entries, n, &(fv_keyval){"fovea_run", "@"}, 1) == FV_OK);
    for (size_t i = 0; i < n; i++) fv_free((char *)entries[i].name);
    require((whole = fv_file_read(path, SIZE_MAX, &whole_bytes)) != NULL);
}

static void begin(void) {
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/fuzz-run-%ld", parent ? parent : "/tmp", (long)getpid());
    snprintf(path, sizeof path, "%s/state.safetensors", folder);
    require(mkdir(folder, 0700) == 0);
    fv_value *x = fv_input(fv_graph_new("tiny"), 1, 2, 2);
    model = fv_model_new(fv_linear(fv_flatten(fv_conv2d(x, "conv", 1, 2)), "fc", 2), .seed = 1);
    trainer = fv_trainer_new(model, .batch_size = BATCH, .threads = 1);
    require(trainer != NULL);
    make_whole();
}

/* ---- Resuming ---------------------------------------------------------------------------------------------------------- */

static void write_state(const void *bytes, size_t count) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    require(fd >= 0 && write(fd, bytes, count) == (ssize_t)count && close(fd) == 0);
}

static void check(const void *bytes, size_t count) {
    fv_run run = {.folder = folder, .args = &args, .images = IMAGES};
    fv_progress progress = {0};
    float before[4], after[4];
    fv_run_origin origin;
    fv_tuning tuning = {0};
    write_state(bytes, count);
    require(fv_model_get(model, "conv.weight", before, 4) == FV_OK);
    fuzz_budget(count);
    free(fv_run_config(folder));
    bool has_origin = fv_run_origin_of(folder, &origin) == FV_OK;
    (void)fv_run_tuning(folder, &tuning);
    fv_tuning_clear(&tuning);
    fv_status status = fv_run_resume(&run, trainer, &progress);
    fuzz_limit(SIZE_MAX);
    require(!has_origin || origin.threads >= 1);
    require(fv_model_get(model, "conv.weight", after, 4) == FV_OK);
    if (status != FV_OK)
        require(strstr(fv_error(), folder) && !strchr(fv_error(), '\n') && !memcmp(before, after, sizeof before));
    else
        require(progress.epoch >= 0 && progress.best_epoch >= 0);
}

/* A file around a document. */
static void check_document(const char *text) {
    static const char mark[] = "\"@\"";
    uint64_t header;
    memcpy(&header, whole, sizeof header);
    const char *at = memmem(whole, whole_bytes, mark, sizeof mark - 1);
    size_t quoted = fv_quote(text, NULL), head = (size_t)(at - whole), tail = whole_bytes - head - (sizeof mark - 1);
    char *file = fv_alloc(head + quoted + tail, 1);
    memcpy(file, whole, head);
    fv_quote(text, file + head);
    memcpy(file + head + quoted, at + sizeof mark - 1, tail);
    header += quoted - (sizeof mark - 1);
    memcpy(file, &header, sizeof header);
    check(file, head + quoted + tail);
    fv_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!trainer) begin();
    check(data, size);
    char *text = fv_alloc(size + 1, 1);
    if (size) memcpy(text, data, size);
    check_document(text);
    fv_free(text);
    return 0;
}
