/* Reading safetensors.
 *
 * The header is read by a reader of its own rather than by jansson: its grammar is fixed and three levels deep, so
 * nothing here recurses, and a hostile header costs at most 12 times its size (of "[{},{},...", jansson takes 80). */
#include "formats/safetensors.h"

#include "core/memory.h"
#include "core/utf8.h"
#include "formats/quote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct fv_safetensors {
    const unsigned char *data; /* the section after the header */
    size_t data_bytes;
    fv_tensor_view *tensors; /* in the header's order */
    size_t count, capacity;
    const fv_tensor_view **by_name;
    fv_keyval *metadata; /* sorted by key once all is read */
    size_t metadata_count, metadata_capacity;
    char *text; /* every string of the header, one after the other */
    void *map;  /* the file, if this is what opened it */
    size_t map_bytes;
};

typedef struct reader {
    const char *begin, *at, *end; /* the header's JSON */
    char *text;                   /* where the next string goes; unescaped, all of them fit into the header's length */
    fv_safetensors *st;
} reader;

/* ---- tokens ---- */

static size_t position(const reader *r) { return sizeof(uint64_t) + (size_t)(r->at - r->begin); }

static fv_status expected(const reader *r, const char *what) {
    return fv_fail(FV_BAD_DATA, "byte %zu of the file: %s expected", position(r), what);
}

static void skip_space(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

/* Takes the character c if it is next but for white space. */
static bool take(reader *r, char c) {
    skip_space(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static fv_status read_string(reader *r, char **out) {
    if (!take(r, '"')) return expected(r, "a string");
    r->at--;
    *out = r->text;
    fv_status status = fv_unquote(&r->at, r->end, &r->text);
    return status == FV_OK ? FV_OK : fv_fail_in(status, "byte %zu of the file", position(r));
}

static fv_status read_number(reader *r, size_t *out) {
    skip_space(r);
    const char *start = r->at;
    for (*out = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (!fv_size_mul(*out, 10, out) || !fv_size_add(*out, (size_t)(*r->at - '0'), out))
            return expected(r, "a number below 2^64");
    if (r->at == start || (*start == '0' && r->at > start + 1)) return expected(r, "a whole number");
    return FV_OK;
}

/* The next key of an object, or NULL at its end; *first is true before the first call. */
static fv_status read_key(reader *r, bool *first, char **key) {
    *key = NULL;
    if (*first && !take(r, '{')) return expected(r, "'{'");
    if (take(r, '}')) return FV_OK;
    if (!*first && !take(r, ',')) return expected(r, "',' or '}'");
    *first = false;
    FV_TRY(read_string(r, key));
    return take(r, ':') ? FV_OK : expected(r, "':'");
}

/* An array of numbers. Keeps the first `capacity` and counts all. */
static fv_status read_numbers(reader *r, size_t *out, size_t capacity, size_t *count) {
    *count = 0;
    if (!take(r, '[')) return expected(r, "'['");
    if (take(r, ']')) return FV_OK;
    do {
        size_t number;
        FV_TRY(read_number(r, &number));
        if (*count < capacity) out[*count] = number;
        (*count)++;
    } while (take(r, ','));
    return take(r, ']') ? FV_OK : expected(r, "',' or ']'");
}

/* ---- one tensor ---- */

typedef struct entry {
    fv_tensor_view view;
    size_t offsets[2];
} entry;

static fv_status read_dtype(reader *r, entry *e) {
    char *name = NULL;
    FV_TRY(read_string(r, &name));
    e->view.dtype = fv_dtype_find(name);
    if (e->view.dtype != FV_DTYPES) return FV_OK;
    char known[128] = "";
    for (int i = 0; i < FV_DTYPES; i++) {
        strcat(known, i ? " " : "");
        strcat(known, fv_dtype_name((fv_dtype)i));
    }
    return fv_fail(FV_UNSUPPORTED, "tensor \"%.200s\" is of type \"%.20s\": known are %s", e->view.name, name, known);
}

static fv_status read_shape(reader *r, entry *e) {
    size_t rank;
    FV_TRY(read_numbers(r, e->view.dims, FV_TENSOR_RANK, &rank));
    if (rank > FV_TENSOR_RANK)
        return fv_fail(FV_UNSUPPORTED, "tensor \"%.200s\" has %zu dimensions: at most %d can be read", e->view.name,
                       rank, FV_TENSOR_RANK);
    e->view.rank = (int)rank;
    return FV_OK;
}

static fv_status read_offsets(reader *r, entry *e) {
    size_t count;
    FV_TRY(read_numbers(r, e->offsets, 2, &count));
    if (count == 2) return FV_OK;
    return fv_fail(FV_BAD_DATA, "tensor \"%.200s\" has %zu data_offsets: a begin and an end are wanted", e->view.name,
                   count);
}

static const struct {
    const char *name;
    fv_status (*read)(reader *r, entry *e);
} fields[] = {{"dtype", read_dtype}, {"shape", read_shape}, {"data_offsets", read_offsets}};

enum { FIELDS = sizeof fields / sizeof *fields };

static fv_status read_fields(reader *r, entry *e) {
    bool first = true, seen[FIELDS] = {false};
    for (;;) {
        char *key;
        FV_TRY(read_key(r, &first, &key));
        if (!key) break;
        int i = 0;
        while (i < FIELDS && strcmp(key, fields[i].name) != 0) i++;
        if (i == FIELDS || seen[i])
            return fv_fail(FV_BAD_DATA, "tensor \"%.200s\" has %s field \"%.40s\"", e->view.name,
                           i == FIELDS ? "an unknown" : "twice the", key);
        seen[i] = true;
        FV_TRY(fields[i].read(r, e));
    }
    for (int i = 0; i < FIELDS; i++)
        if (!seen[i]) return fv_fail(FV_BAD_DATA, "tensor \"%.200s\" lacks \"%s\"", e->view.name, fields[i].name);
    return FV_OK;
}

/* Turns offsets into a pointer, once they are known to lie in the file and to fit the shape. */
static fv_status place(const fv_safetensors *st, entry *e) {
    size_t begin = e->offsets[0], end = e->offsets[1], bytes;
    const char *name = e->view.name, *dtype = fv_dtype_name(e->view.dtype);
    if (begin > end)
        return fv_fail(FV_BAD_DATA, "tensor \"%.200s\" ends at byte %zu, before its begin %zu", name, end, begin);
    if (end > st->data_bytes)
        return fv_fail(
            FV_BAD_DATA,
            "tensor \"%.200s\" claims bytes %zu..%zu of a data section of %zu: the file is truncated or damaged", name,
            begin, end, st->data_bytes);
    if (!fv_tensor_bytes(e->view.dtype, e->view.rank, e->view.dims, &bytes))
        return fv_fail(FV_BAD_DATA, "tensor \"%.200s\": its shape has more elements than memory has bytes", name);
    if (bytes != end - begin)
        return fv_fail(FV_BAD_DATA, "tensor \"%.200s\" claims %zu bytes, but its shape in %s needs %zu", name,
                       end - begin, dtype, bytes);
    e->view.data = st->data + begin;
    e->view.bytes = bytes;
    return FV_OK;
}

/* The items with room for one more; NULL, and they stay as they are, if memory is out. */
static void *grow(void *items, size_t size, size_t count, size_t *capacity) {
    if (count < *capacity) return items;
    size_t wanted = count < 8 ? 8 : 2 * count;
    void *grown = fv_realloc(items, wanted, size);
    if (grown) *capacity = wanted;
    return grown;
}

static fv_status read_tensor(reader *r, const char *name) {
    fv_safetensors *st = r->st;
    entry e = {.view = {.name = name}};
    FV_TRY(read_fields(r, &e));
    FV_TRY(place(st, &e));
    fv_tensor_view *tensors = grow(st->tensors, sizeof *tensors, st->count, &st->capacity);
    if (!tensors) return FV_NO_MEMORY;
    st->tensors = tensors;
    st->tensors[st->count++] = e.view;
    return FV_OK;
}

/* ---- the header ---- */

static fv_status check_key(const char *what, const char *key) {
    if (!fv_has_control(key)) return FV_OK;
    return fv_fail(FV_BAD_DATA, "%s \"%.200s\" has a control character in its name", what, key);
}

static fv_status read_metadata(reader *r) {
    fv_safetensors *st = r->st;
    if (st->metadata) return fv_fail(FV_BAD_DATA, "\"__metadata__\" is there twice");
    for (bool first = true;;) {
        fv_keyval *pairs = grow(st->metadata, sizeof *pairs, st->metadata_count, &st->metadata_capacity);
        if (!pairs) return FV_NO_MEMORY;
        st->metadata = pairs;
        char *key, *value = NULL;
        FV_TRY(read_key(r, &first, &key));
        if (!key) return FV_OK;
        FV_TRY(check_key("metadata", key));
        FV_TRY(read_string(r, &value));
        st->metadata[st->metadata_count++] = (fv_keyval){key, value};
    }
}

static fv_status read_header(reader *r) {
    if (*r->at != '{') return expected(r, "'{'");
    for (bool first = true;;) {
        char *key;
        FV_TRY(read_key(r, &first, &key));
        if (!key) break;
        if (strcmp(key, "__metadata__") == 0) {
            FV_TRY(read_metadata(r));
        } else {
            FV_TRY(check_key("tensor", key));
            FV_TRY(read_tensor(r, key));
        }
    }
    skip_space(r); /* the padding */
    return r->at == r->end ? FV_OK : expected(r, "the end of the header");
}

/* ---- checks over all tensors ---- */

static int compare_place(const void *a, const void *b) {
    const fv_tensor_view *x = *(const fv_tensor_view *const *)a, *y = *(const fv_tensor_view *const *)b;
    if (x->data != y->data) return x->data < y->data ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes); /* an empty tensor lies before the one that begins there */
}

static int compare_name(const void *a, const void *b) {
    const fv_tensor_view *x = *(const fv_tensor_view *const *)a, *y = *(const fv_tensor_view *const *)b;
    return strcmp(x->name, y->name);
}

static int compare_key(const void *a, const void *b) {
    return strcmp(((const fv_keyval *)a)->key, ((const fv_keyval *)b)->key);
}

/* Fails unless the tensors, sorted by place, lie back to back from the first byte to the last. */
static fv_status check_cover(const fv_safetensors *st) {
    size_t reached = 0;
    for (size_t i = 0; i <= st->count; i++) {
        const fv_tensor_view *next = i < st->count ? st->by_name[i] : NULL;
        size_t begin = next ? (size_t)((const unsigned char *)next->data - st->data) : st->data_bytes;
        if (begin < reached)
            return fv_fail(FV_BAD_DATA,
                           "tensors \"%.200s\" and \"%.200s\" overlap: one ends at byte %zu, one begins at %zu",
                           st->by_name[i - 1]->name, next->name, reached, begin);
        if (begin > reached)
            return fv_fail(FV_BAD_DATA, "bytes %zu..%zu of the data section belong to no tensor", reached, begin);
        if (next) reached = begin + next->bytes;
    }
    return FV_OK;
}

static fv_status check_all(fv_safetensors *st) {
    st->by_name = FV_NEW_N(const fv_tensor_view *, st->count);
    if (!st->by_name) return FV_NO_MEMORY;
    for (size_t i = 0; i < st->count; i++) st->by_name[i] = &st->tensors[i];
    qsort(st->by_name, st->count, sizeof *st->by_name, compare_place);
    FV_TRY(check_cover(st));
    qsort(st->by_name, st->count, sizeof *st->by_name, compare_name);
    for (size_t i = 1; i < st->count; i++)
        if (strcmp(st->by_name[i - 1]->name, st->by_name[i]->name) == 0)
            return fv_fail(FV_BAD_DATA, "tensor \"%.200s\" is there twice", st->by_name[i]->name);
    if (st->metadata) qsort(st->metadata, st->metadata_count, sizeof *st->metadata, compare_key);
    for (size_t i = 1; i < st->metadata_count; i++)
        if (strcmp(st->metadata[i - 1].key, st->metadata[i].key) == 0)
            return fv_fail(FV_BAD_DATA, "metadata \"%.200s\" is there twice", st->metadata[i].key);
    return FV_OK;
}

/* ---- opening ---- */

/* *header = N, the length that the first bytes give, once it is known to be plausible. */
static fv_status header_length(const void *bytes, size_t count, size_t *header) {
    uint64_t claimed;
    if (count < sizeof claimed)
        return fv_fail(FV_BAD_DATA, "%zu bytes are too few for a safetensors file, which begins with 8 bytes of length",
                       count);
    memcpy(&claimed, bytes, sizeof claimed);
    if (claimed == 0) return fv_fail(FV_BAD_DATA, "claims a header of 0 bytes: not a safetensors file");
    if (claimed > FV_SAFETENSORS_HEADER)
        return fv_fail(FV_BAD_DATA, "claims a header of %llu bytes, the limit is %d: not a safetensors file",
                       (unsigned long long)claimed, FV_SAFETENSORS_HEADER);
    if (claimed > count - sizeof claimed)
        return fv_fail(FV_BAD_DATA,
                       "claims a header of %llu bytes, but only %zu follow: the file is truncated or damaged",
                       (unsigned long long)claimed, count - sizeof claimed);
    *header = (size_t)claimed;
    return FV_OK;
}

static fv_status parse(fv_safetensors *st, const unsigned char *bytes, size_t count) {
    size_t header = 0;
    FV_TRY(header_length(bytes, count, &header));
    const unsigned char *json = bytes + sizeof(uint64_t);
    st->data = json + header;
    st->data_bytes = count - sizeof(uint64_t) - header;
    st->text = FV_NEW_N(char, header);
    if (!st->text) return FV_NO_MEMORY;
    const char *begin = (const char *)json;
    reader r = {.begin = begin, .at = begin, .end = begin + header, .text = st->text, .st = st};
    FV_TRY(read_header(&r));
    return check_all(st);
}

fv_safetensors *fv_safetensors_parse(const void *bytes, size_t count, const char *name) {
    fv_safetensors *st = FV_NEW(fv_safetensors);
    fv_status status = st ? parse(st, bytes, count) : FV_NO_MEMORY;
    if (status == FV_OK) return st;
    fv_fail_in(status, "%s", name);
    fv_safetensors_free(st);
    return NULL;
}

/* Maps a regular file; never waits for the writer of a FIFO. */
static fv_status map_file(int fd, const char *path, void **map, size_t *bytes) {
    struct stat info;
    if (fstat(fd, &info) != 0) return fv_fail(FV_IO_ERROR, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return fv_fail(FV_BAD_DATA, "%s: not a regular file", path);
    if (info.st_size == 0) return fv_fail(FV_BAD_DATA, "%s: the file is empty", path);
    *bytes = (size_t)info.st_size;
    *map = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    return *map != MAP_FAILED ? FV_OK : fv_fail(FV_IO_ERROR, "%s: cannot be mapped: %s", path, strerror(errno));
}

fv_safetensors *fv_safetensors_open(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        fv_fail(FV_IO_ERROR, "%s: %s", path, strerror(errno));
        return NULL;
    }
    void *map = NULL;
    size_t bytes = 0;
    fv_status status = map_file(fd, path, &map, &bytes);
    close(fd); /* the mapping stays */
    if (status != FV_OK) return NULL;
    fv_safetensors *st = fv_safetensors_parse(map, bytes, path);
    if (!st) {
        munmap(map, bytes);
        return NULL;
    }
    st->map = map;
    st->map_bytes = bytes;
    return st;
}

void fv_safetensors_free(fv_safetensors *st) {
    if (!st) return;
    if (st->map) munmap(st->map, st->map_bytes);
    fv_free(st->tensors);
    fv_free(st->by_name);
    fv_free(st->metadata);
    fv_free(st->text);
    fv_free(st);
}

/* ---- looking ---- */

size_t fv_safetensors_count(const fv_safetensors *st) { return st->count; }

const fv_tensor_view *fv_safetensors_at(const fv_safetensors *st, size_t i) { return &st->tensors[i]; }

const fv_tensor_view *fv_safetensors_find(const fv_safetensors *st, const char *name) {
    const fv_tensor_view wanted = {.name = name}, *key = &wanted;
    const fv_tensor_view **found = bsearch(&key, st->by_name, st->count, sizeof *st->by_name, compare_name);
    return found ? *found : NULL;
}

const char *fv_safetensors_metadata(const fv_safetensors *st, const char *key) {
    if (!st->metadata) return NULL;
    const fv_keyval wanted = {.key = key};
    const fv_keyval *found = bsearch(&wanted, st->metadata, st->metadata_count, sizeof *st->metadata, compare_key);
    return found ? found->value : NULL;
}
