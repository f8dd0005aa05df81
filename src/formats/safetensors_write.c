/* Writing safetensors: everything is checked first, the header is made twice (to count, then to keep), and the tensors
 * follow one by one. */
#include "formats/safetensors.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "formats/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 8 }; /* of the data section in the file */

typedef struct output {
    const fv_tensor_entry *entries;
    size_t count;
    const fv_keyval *metadata;
    size_t metadata_count;
} output;

/* ---- header ---- */

typedef struct text {
    char *bytes; /* NULL: only counts */
    size_t count;
} text;

static void put(text *t, const char *string) {
    size_t length = strlen(string);
    if (t->bytes) memcpy(t->bytes + t->count, string, length);
    t->count += length;
}

static void put_quoted(text *t, const char *string) {
    t->count += fv_quote(string, t->bytes ? t->bytes + t->count : NULL);
}

static void put_number(text *t, size_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", number);
    put(t, digits);
}

static void put_metadata(text *t, const fv_keyval *metadata, size_t count) {
    put(t, "\"__metadata__\":{");
    for (size_t i = 0; i < count; i++) {
        put(t, i ? "," : "");
        put_quoted(t, metadata[i].key);
        put(t, ":");
        put_quoted(t, metadata[i].value);
    }
    put(t, "}");
}

static void put_tensor(text *t, const fv_tensor_entry *e, size_t begin, size_t end) {
    put_quoted(t, e->name);
    put(t, ":{\"dtype\":");
    put_quoted(t, fv_dtype_name(e->dtype));
    put(t, ",\"shape\":[");
    for (int i = 0; i < e->rank; i++) {
        put(t, i ? "," : "");
        put_number(t, e->dims[i]);
    }
    put(t, "],\"data_offsets\":[");
    put_number(t, begin);
    put(t, ",");
    put_number(t, end);
    put(t, "]}");
}

/* 0 if it overflows, which check_entry() refuses. */
static size_t entry_bytes(const fv_tensor_entry *e) {
    size_t bytes;
    return fv_tensor_bytes(e->dtype, e->rank, e->dims, &bytes) ? bytes : 0;
}

static void put_header(text *t, const output *o) {
    put(t, "{");
    if (o->metadata_count > 0) put_metadata(t, o->metadata, o->metadata_count);
    size_t begin = 0;
    for (size_t i = 0; i < o->count; i++) {
        size_t end = begin + entry_bytes(&o->entries[i]);
        put(t, i || o->metadata_count ? "," : "");
        put_tensor(t, &o->entries[i], begin, end);
        begin = end;
    }
    put(t, "}");
    while (t->count % ALIGNMENT != 0) put(t, " ");
}

static size_t header_bytes(const output *o) {
    text header = {.bytes = NULL};
    put_header(&header, o);
    return header.count;
}

/* ---- checks ---- */

static fv_status check_name(const char *what, const char *name) {
    if (!fv_is_utf8(name)) return fv_fail(FV_BAD_ARGUMENT, "%s \"%.200s\": its name is not UTF-8", what, name);
    if (fv_has_control(name))
        return fv_fail(FV_BAD_ARGUMENT, "%s \"%.200s\" has a control character in its name", what, name);
    return FV_OK;
}

static int compare_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Sorts the names; fails if one is there twice. */
static fv_status check_unique(const char *what, const char **names, size_t count) {
    qsort(names, count, sizeof *names, compare_text);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return fv_fail(FV_BAD_ARGUMENT, "%s \"%.200s\" is there twice", what, names[i]);
    return FV_OK;
}

static fv_status check_names(const output *o) {
    const char **names = FV_NEW_N(const char *, o->count > o->metadata_count ? o->count : o->metadata_count);
    if (!names) return FV_NO_MEMORY;
    for (size_t i = 0; i < o->count; i++) names[i] = o->entries[i].name;
    fv_status status = check_unique("tensor", names, o->count);
    for (size_t i = 0; i < o->metadata_count; i++) names[i] = o->metadata[i].key;
    if (status == FV_OK) status = check_unique("metadata", names, o->metadata_count);
    fv_free(names);
    return status;
}

static fv_status check_entry(const fv_tensor_entry *e, size_t *bytes) {
    FV_TRY(check_name("tensor", e->name));
    if (strcmp(e->name, "__metadata__") == 0)
        return fv_fail(FV_BAD_ARGUMENT, "tensor \"%s\": the format keeps that name for itself", e->name);
    if ((unsigned)e->dtype >= FV_DTYPES || e->rank < 0 || e->rank > FV_TENSOR_RANK)
        return fv_fail(FV_BAD_ARGUMENT, "tensor \"%.200s\": type %d or rank %d (at most %d) is out of range", e->name,
                       (int)e->dtype, e->rank, FV_TENSOR_RANK);
    if (!fv_tensor_bytes(e->dtype, e->rank, e->dims, bytes))
        return fv_fail(FV_BAD_ARGUMENT, "tensor \"%.200s\": its shape has more elements than memory has bytes",
                       e->name);
    if (*bytes > 0 && !e->data && !e->fill)
        return fv_fail(FV_BAD_ARGUMENT, "tensor \"%.200s\" has neither data nor a function that makes them", e->name);
    return FV_OK;
}

/* Checks everything that is asked for, before a file is touched. *buffer = the largest tensor that `fill` makes. */
static fv_status check(const output *o, size_t *buffer) {
    size_t total = 0;
    *buffer = 0;
    for (size_t i = 0; i < o->count; i++) {
        size_t bytes;
        FV_TRY(check_entry(&o->entries[i], &bytes));
        if (!fv_size_add(total, bytes, &total)) return fv_fail(FV_BAD_ARGUMENT, "the tensors exceed 2^64 bytes");
        if (!o->entries[i].data && bytes > *buffer) *buffer = bytes;
    }
    for (size_t i = 0; i < o->metadata_count; i++) {
        FV_TRY(check_name("metadata", o->metadata[i].key));
        if (!fv_is_utf8(o->metadata[i].value))
            return fv_fail(FV_BAD_ARGUMENT, "metadata \"%.200s\": its text is not UTF-8", o->metadata[i].key);
    }
    FV_TRY(check_names(o));
    size_t header = header_bytes(o);
    if (header <= FV_SAFETENSORS_HEADER) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT, "a header of %zu bytes: the limit is %d", header, FV_SAFETENSORS_HEADER);
}

/* ---- file ---- */

static fv_status write_header(fv_file_writer *file, const output *o) {
    uint64_t length = header_bytes(o);
    text header = {.bytes = FV_NEW_N(char, length)};
    if (!header.bytes) return FV_NO_MEMORY;
    put_header(&header, o);
    fv_status status = fv_file_write(file, &length, sizeof length);
    if (status == FV_OK) status = fv_file_write(file, header.bytes, header.count);
    fv_free(header.bytes);
    return status;
}

static fv_status write_tensors(fv_file_writer *file, const output *o, void *buffer) {
    for (size_t i = 0; i < o->count; i++) {
        const fv_tensor_entry *e = &o->entries[i];
        size_t bytes = entry_bytes(e);
        if (bytes == 0) continue;
        if (!e->data) FV_TRY(e->fill(e->context, i, buffer));
        FV_TRY(fv_file_write(file, e->data ? e->data : buffer, bytes));
    }
    return FV_OK;
}

static fv_status write_file(const char *path, const output *o, void *buffer) {
    fv_file_writer *file = fv_file_create(path);
    if (!file) return fv_last_status();
    fv_status status = write_header(file, o);
    if (status == FV_OK) status = write_tensors(file, o, buffer);
    if (status == FV_OK) return fv_file_commit(file);
    fv_file_abandon(file);
    return status;
}

fv_status fv_safetensors_write(const char *path, const fv_tensor_entry *entries, size_t count,
                               const fv_keyval *metadata, size_t metadata_count) {
    const output o = {entries, count, metadata, metadata_count};
    size_t buffer_bytes;
    fv_status status = check(&o, &buffer_bytes);
    if (status != FV_OK) return fv_fail_in(status, "%s", path);
    void *buffer = fv_map(buffer_bytes);
    if (!buffer) return FV_NO_MEMORY;
    status = write_file(path, &o, buffer);
    fv_unmap(buffer, buffer_bytes);
    return status;
}
