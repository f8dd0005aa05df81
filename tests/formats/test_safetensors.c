#include "formats/safetensors.h"

#include "core/memory.h"
#include "formats/fixture.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- helpers ---- */

/* Parses a copy of exactly this size, so that a sanitizer sees a byte too many. Returns NULL on failure. *copy outlives
 * what is returned; free it. */
static fv_safetensors *parse_copy(const void *bytes, size_t count, void **copy) {
    *copy = memcpy(malloc(count ? count : 1), bytes, count);
    return fv_safetensors_parse(*copy, count, "x");
}

static void assert_refused(const void *bytes, size_t count, fv_status code, const char *message) {
    void *copy;
    assert_null(parse_copy(bytes, count, &copy));
    assert_string_equal(fv_error(), message);
    assert_int_equal(fv_last_status(), code);
    free(copy);
}

/* A file in memory: the length, the header as it is, `data` zero bytes. */
static unsigned char *build(const char *header, size_t data, size_t *count) {
    uint64_t length = strlen(header);
    *count = sizeof length + length + data;
    unsigned char *bytes = calloc(*count, 1);
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + sizeof length, header, length);
    return bytes;
}

static void assert_header_refused(const char *header, size_t data, fv_status code, const char *message) {
    size_t count;
    unsigned char *bytes = build(header, data, &count);
    assert_refused(bytes, count, code, message);
    free(bytes);
}

/* Reads every byte that the views promise; the sum keeps the compiler from dropping it. */
static unsigned touch(const fv_safetensors *st) {
    unsigned sum = 0;
    for (size_t i = 0; i < fv_safetensors_count(st); i++) {
        const fv_tensor_view *view = fv_safetensors_at(st, i);
        for (size_t b = 0; b < view->bytes; b++) sum += ((const unsigned char *)view->data)[b];
        sum += (unsigned)strlen(view->name);
        assert_ptr_equal(fv_safetensors_find(st, view->name), view);
    }
    return sum;
}

/* A fresh folder, and a path in it. */
static char folder[4096], path[4200];

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, temporary("safetensors-XXXXXX"));
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder); /* fails if a temporary file was left behind */
}

/* ---- reading ---- */

static void assert_view(const fv_safetensors *st, const char *name, fv_dtype dtype, int rank, const size_t *dims,
                        const void *data, size_t bytes) {
    const fv_tensor_view *view = fv_safetensors_find(st, name);
    assert_non_null(view);
    assert_string_equal(view->name, name);
    assert_int_equal(view->dtype, dtype);
    assert_int_equal(view->rank, rank);
    for (int i = 0; i < rank; i++) assert_int_equal(view->dims[i], dims[i]);
    assert_int_equal(view->bytes, bytes);
    if (bytes) assert_memory_equal(view->data, data, bytes);
}

static void assert_is_fixture(const fv_safetensors *st) {
    const float conv[] = {0, 0.25f, 0.5f, 0.75f, 1, 1.25f, 1.5f, 1.75f};
    const uint16_t half[] = {0x3e00, 0xc000, 0x0001};
    const double tenth = 0.1;
    const int64_t batches = -7;
    assert_int_equal(fv_safetensors_count(st), 6);
    assert_view(st, "conv1.weight", FV_DTYPE_F32, 4, (size_t[]){2, 1, 2, 2}, conv, sizeof conv);
    assert_view(st, "half", FV_DTYPE_F16, 1, (size_t[]){3}, half, sizeof half);
    assert_view(st, "double", FV_DTYPE_F64, 1, (size_t[]){1}, &tenth, sizeof tenth);
    assert_view(st, "bn.num_batches_tracked", FV_DTYPE_I64, 0, NULL, &batches, sizeof batches);
    assert_view(st, "empty", FV_DTYPE_U8, 2, (size_t[]){0, 5}, NULL, 0);
    assert_view(st, "n\xc3\xa4me \"quoted\"", FV_DTYPE_BOOL, 1, (size_t[]){1}, "\x01", 1);
    assert_string_equal(fv_safetensors_metadata(st, "fovea"), "{\"version\":1}");
    assert_string_equal(fv_safetensors_metadata(st, "note"), "two\nlines, \"quoted\" \\ \xc3\xa9 \xf0\x9f\x99\x82");
    assert_null(fv_safetensors_metadata(st, "other"));
    assert_null(fv_safetensors_find(st, "conv1"));
}

static void reads_what_the_reference_wrote(void **state) {
    (void)state;
    void *copy;
    fv_safetensors *st = parse_copy(fixture, sizeof fixture, &copy);
    assert_non_null(st);
    assert_is_fixture(st);
    assert_string_equal(fv_safetensors_at(st, 0)->name, "bn.num_batches_tracked"); /* the header's order */
    fv_safetensors_free(st);
    free(copy);
    put_file(path, fixture, sizeof fixture);
    st = fv_safetensors_open(path);
    assert_non_null(st);
    assert_is_fixture(st);
    fv_safetensors_free(st);
}

static void reads_the_smallest_and_oddest_headers(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t data, tensors;
    } cases[] = {
        {"{}", 0, 0},
        {"{}      ", 0, 0},
        {"{\"__metadata__\":{}}", 0, 0},
        {"{ \"a\" : { \"data_offsets\" : [ 0 ,\t4 ] ,\n\"shape\":[ ], \"dtype\":\"\\u0046\\u0033\\u0032\" }\r}", 4, 1},
        {"{\"\":{\"dtype\":\"U8\",\"shape\":[3,1,1,1,1,1,1,1],\"data_offsets\":[0,3]}}", 3, 1},
        {"{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
         "\"e\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,1]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
         2, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t count;
        unsigned char *bytes = build(cases[i].header, cases[i].data, &count);
        fv_safetensors *st = fv_safetensors_parse(bytes, count, "x");
        assert_non_null(st);
        assert_int_equal(fv_safetensors_count(st), cases[i].tensors);
        assert_int_equal(touch(st) < 100, 1);
        assert_null(fv_safetensors_metadata(st, "format"));
        fv_safetensors_free(st);
        free(bytes);
    }
}

/* ---- hostile input ---- */

static void bad_lengths_are_refused(void **state) {
    (void)state;
    static const struct {
        uint64_t claimed;
        const char *message;
    } cases[] = {
        {0, "x: claims a header of 0 bytes: not a safetensors file"},
        {3, "x: claims a header of 3 bytes, but only 2 follow: the file is truncated or damaged"},
        {100000000, "x: claims a header of 100000000 bytes, but only 2 follow: the file is truncated or damaged"},
        {100000001, "x: claims a header of 100000001 bytes, the limit is 100000000: not a safetensors file"},
        {UINT64_MAX - 7,
         "x: claims a header of 18446744073709551608 bytes, the limit is 100000000: not a safetensors file"},
        {UINT64_MAX,
         "x: claims a header of 18446744073709551615 bytes, the limit is 100000000: not a safetensors file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char bytes[10] = {[8] = '{', [9] = '}'};
        memcpy(bytes, &cases[i].claimed, 8);
        assert_refused(bytes, sizeof bytes, FV_BAD_DATA, cases[i].message);
    }
    const char *few = "x: 7 bytes are too few for a safetensors file, which begins with 8 bytes of length";
    assert_refused("\2\0\0\0\0\0\0", 7, FV_BAD_DATA, few);
}

#define A(fields) "{\"a\":{" fields "}}"
#define TENSOR(name, type, shape, offsets) \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void bad_tensors_are_refused(void **state) {
    (void)state;
    static const struct {
        fv_status code;
        size_t data;
        const char *header, *message;
    } cases[] = {
        {FV_BAD_DATA, 512, "{" TENSOR("fc1.weight", "F32", "[128]", "[128,640]") "}",
         "x: tensor \"fc1.weight\" claims bytes 128..640 of a data section of 512: the file is truncated or damaged"},
        {FV_BAD_DATA, 8, "{" TENSOR("a", "F32", "[1]", "[0,18446744073709551615]") "}",
         "x: tensor \"a\" claims bytes 0..18446744073709551615 of a data section of 8: the file is truncated or "
         "damaged"},
        {FV_BAD_DATA, 8, "{" TENSOR("a", "F32", "[1]", "[8,4]") "}",
         "x: tensor \"a\" ends at byte 4, before its begin 8"},
        {FV_BAD_DATA, 8, "{" TENSOR("a", "F32", "[1]", "[0,8]") "}",
         "x: tensor \"a\" claims 8 bytes, but its shape in F32 needs 4"},
        {FV_BAD_DATA, 8, "{" TENSOR("a", "F64", "[0]", "[0,8]") "}",
         "x: tensor \"a\" claims 8 bytes, but its shape in F64 needs 0"},
        {FV_BAD_DATA, 0, "{" TENSOR("a", "F32", "[4611686018427387904]", "[0,0]") "}",
         "x: tensor \"a\": its shape has more elements than memory has bytes"},
        {FV_BAD_DATA, 0, "{" TENSOR("a", "U8", "[4294967296,4294967296]", "[0,0]") "}",
         "x: tensor \"a\": its shape has more elements than memory has bytes"},
        {FV_BAD_DATA, 8, "{" TENSOR("a", "F32", "[1]", "[0,4]") "}",
         "x: bytes 4..8 of the data section belong to no tensor"},
        {FV_BAD_DATA, 8, "{" TENSOR("a", "F32", "[1]", "[4,8]") "}",
         "x: bytes 0..4 of the data section belong to no tensor"},
        {FV_BAD_DATA, 12, "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[8,12]") "}",
         "x: bytes 4..8 of the data section belong to no tensor"},
        {FV_BAD_DATA, 12, "{" TENSOR("b", "F32", "[2]", "[4,12]") "," TENSOR("a", "F32", "[2]", "[0,8]") "}",
         "x: tensors \"a\" and \"b\" overlap: one ends at byte 8, one begins at 4"},
        {FV_BAD_DATA, 4, "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[0,4]") "}",
         "x: tensors \"a\" and \"b\" overlap: one ends at byte 4, one begins at 0"},
        {FV_BAD_DATA, 4, "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("e", "F32", "[0]", "[2,2]") "}",
         "x: tensors \"a\" and \"e\" overlap: one ends at byte 4, one begins at 2"},
        {FV_BAD_DATA, 1, "{}", "x: bytes 0..1 of the data section belong to no tensor"},
        {FV_BAD_DATA, 8, "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("a", "F32", "[1]", "[4,8]") "}",
         "x: tensor \"a\" is there twice"},
        {FV_UNSUPPORTED, 1, "{" TENSOR("a", "F8_E4M3", "[1]", "[0,1]") "}",
         "x: tensor \"a\" is of type \"F8_E4M3\": known are BOOL U8 I8 U16 I16 F16 BF16 U32 I32 F32 U64 I64 F64"},
        {FV_UNSUPPORTED, 1, "{" TENSOR("a", "U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}",
         "x: tensor \"a\" has 9 dimensions: at most 8 can be read"},
        {FV_BAD_DATA, 1, "{" TENSOR("a", "U8", "[1]", "[0]") "}",
         "x: tensor \"a\" has 1 data_offsets: a begin and an end are wanted"},
        {FV_BAD_DATA, 1, "{" TENSOR("a", "U8", "[1]", "[0,1,2]") "}",
         "x: tensor \"a\" has 3 data_offsets: a begin and an end are wanted"},
        {FV_BAD_DATA, 1, A("\"dtype\":\"U8\",\"shape\":[1]"), "x: tensor \"a\" lacks \"data_offsets\""},
        {FV_BAD_DATA, 1, A("\"dtype\":\"U8\",\"dtype\":\"U8\""), "x: tensor \"a\" has twice the field \"dtype\""},
        {FV_BAD_DATA, 1, A("\"stride\":[1]"), "x: tensor \"a\" has an unknown field \"stride\""},
        {FV_BAD_DATA, 0, A(""), "x: tensor \"a\" lacks \"dtype\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_header_refused(cases[i].header, cases[i].data, cases[i].code, cases[i].message);
}

static void bad_headers_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *header, *message;
    } cases[] = {
        {"[]", "x: byte 8 of the file: '{' expected"},
        {" {}", "x: byte 8 of the file: '{' expected"},
        {"\"a\"", "x: byte 8 of the file: '{' expected"},
        {"{", "x: byte 9 of the file: a string expected"},
        {"{} {", "x: byte 11 of the file: the end of the header expected"},
        {"{,}", "x: byte 9 of the file: a string expected"},
        {"{a:1}", "x: byte 9 of the file: a string expected"},
        {"{\"a\"}", "x: byte 12 of the file: ':' expected"},
        {"{\"a\":1}", "x: byte 13 of the file: '{' expected"},
        {"{\"a\":{\"dtype\":1}}", "x: byte 22 of the file: a string expected"},
        {"{\"a\":{\"shape\":1}}", "x: byte 22 of the file: '[' expected"},
        {"{\"a\":{\"shape\":[[[[1]]]]}}", "x: byte 23 of the file: a whole number expected"},
        {"{\"a\":{\"shape\":[-1]}}", "x: byte 23 of the file: a whole number expected"},
        {"{\"a\":{\"shape\":[01]}}", "x: byte 25 of the file: a whole number expected"},
        {"{\"a\":{\"shape\":[1,]}}", "x: byte 25 of the file: a whole number expected"},
        {"{\"a\":{\"shape\":[1.5]}}", "x: byte 24 of the file: ',' or ']' expected"},
        {"{\"a\":{\"shape\":[1e3]}}", "x: byte 24 of the file: ',' or ']' expected"},
        {"{\"a\":{\"shape\":[18446744073709551616]}}", "x: byte 42 of the file: a number below 2^64 expected"},
        {"{\"a\":{\"shape\":[99999999999999999999]}}", "x: byte 42 of the file: a number below 2^64 expected"},
        {"{\"a\":{\"shape\":[1", "x: byte 24 of the file: ',' or ']' expected"},
        {"{\"a\":{\"shape\":[1] \"dtype\"", "x: byte 26 of the file: ',' or '}' expected"},
        {"{\"a\\u0000b\":{}}",
         "x: byte 11 of the file: an escape in a string that is unknown, half a surrogate pair or NUL"},
        {"{\"a\\nb\":{}}", "x: tensor \"a?b\" has a control character in its name"},
        {"{\"a\nb\":{}}", "x: byte 11 of the file: a raw control character in a string"},
        {"{\"a\xff\":{}}", "x: byte 11 of the file: a string that is not UTF-8"},
        {"{\"abc", "x: byte 13 of the file: a string without its closing quote"},
        {"{\"__metadata__\":[]}", "x: byte 24 of the file: '{' expected"},
        {"{\"__metadata__\":{\"a\":1}}", "x: byte 29 of the file: a string expected"},
        {"{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", "x: byte 29 of the file: a string expected"},
        {"{\"__metadata__\":{\"a\":null}}", "x: byte 29 of the file: a string expected"},
        {"{\"__metadata__\":{\"\\u001b\":\"\"}}", "x: metadata \"?\" has a control character in its name"},
        {"{\"__metadata__\":{\"a\":\"\\u0000\"}}",
         "x: byte 30 of the file: an escape in a string that is unknown, half a surrogate pair or NUL"},
        {"{\"__metadata__\":{\"b\":\"\",\"a\":\"1\",\"b\":\"\"}}", "x: metadata \"b\" is there twice"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", "x: \"__metadata__\" is there twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_header_refused(cases[i].header, 0, FV_BAD_DATA, cases[i].message);
}

static void deep_headers_are_refused_without_recursion(void **state) {
    (void)state;
    enum { DEEP = 4000000 };
    static const char *const openings[] = {"{\"a\":", "{\"a\":{\"shape\":[", "{\"a\":{\"dtype\":{\"b\":"};
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        char *header = malloc(DEEP + 1);
        for (size_t at = 0; at < DEEP; at++) header[at] = openings[i][at % strlen(openings[i])];
        header[DEEP] = '\0';
        size_t count;
        unsigned char *bytes = build(header, 0, &count);
        assert_null(fv_safetensors_parse(bytes, count, "x"));
        assert_int_equal(fv_last_status(), FV_BAD_DATA);
        free(bytes);
        free(header);
    }
}

static void long_names_leave_room_for_the_reason(void **state) {
    (void)state;
    char header[4000] = "{\"";
    memset(header + 2, 'n', 3000);
    strcpy(header + 3002, "\":{\"shape\":[]}}");
    size_t count;
    unsigned char *bytes = build(header, 0, &count);
    assert_null(fv_safetensors_parse(bytes, count, "x"));
    assert_contains(fv_error(), "nnn\" lacks \"dtype\"");
    free(bytes);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    for (size_t count = 0; count < sizeof fixture; count++) {
        void *copy;
        assert_null(parse_copy(fixture, count, &copy));
        assert_int_equal(fv_last_status(), FV_BAD_DATA);
        assert_memory_equal(fv_error(), "x: ", 3);
        free(copy);
    }
}

static void every_flipped_bit_is_refused_or_harmless(void **state) {
    (void)state;
    uint64_t header;
    memcpy(&header, fixture, sizeof header);
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * (sizeof header + header); bit++) {
        unsigned char bytes[sizeof fixture];
        memcpy(bytes, fixture, sizeof fixture);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        void *copy;
        fv_safetensors *st = parse_copy(bytes, sizeof bytes, &copy);
        if (st) touch(st);
        if (!st) assert_memory_equal(fv_error(), "x: ", 3);
        refused += st == NULL;
        fv_safetensors_free(st);
        free(copy);
    }
    assert_true(refused > 8 * header / 2 && refused < 8 * header); /* a flipped bit in a name passes */
}

static void only_regular_files_are_opened(void **state) {
    (void)state;
    char message[5000];
    assert_null(fv_safetensors_open(path));
    snprintf(message, sizeof message, "%s: No such file or directory", path);
    assert_string_equal(fv_error(), message);
    assert_int_equal(fv_last_status(), FV_IO_ERROR);

    assert_null(fv_safetensors_open(folder));
    snprintf(message, sizeof message, "%s: not a regular file", folder);
    assert_string_equal(fv_error(), message);

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(fv_safetensors_open(path)); /* and does not wait for a writer */
    snprintf(message, sizeof message, "%s: not a regular file", path);
    assert_string_equal(fv_error(), message);
    unlink(path);

    put_text(path, "");
    assert_null(fv_safetensors_open(path));
    snprintf(message, sizeof message, "%s: the file is empty", path);
    assert_string_equal(fv_error(), message);
    assert_null(fv_safetensors_open("/dev/null"));
    assert_string_equal(fv_error(), "/dev/null: not a regular file");
}

/* ---- writing ---- */

static fv_status fill_counting(void *context, size_t index, void *buffer) {
    int *calls = context;
    ++*calls;
    for (int i = 0; i < 6; i++) ((float *)buffer)[i] = (float)(10 * (int)index + i);
    return FV_OK;
}

static const float small[] = {1.5f, -2};
static const uint16_t brain[] = {0x3fc0, 0xc000, 0x7fc1};
static const fv_keyval metadata[] = {{"fovea", "{\"version\":1}"}, {"a", "two\nlines \xf0\x9f\x99\x82\x01"}};

/* The file that these tests write; the peer script knows its content. */
static fv_status write_sample(const char *target, int *calls) {
    const fv_tensor_entry entries[] = {
        {.name = "layer1.0.weight",
         .dtype = FV_DTYPE_F32,
         .rank = 2,
         .dims = {2, 3},
         .fill = fill_counting,
         .context = calls},
        {.name = "brain", .dtype = FV_DTYPE_BF16, .rank = 1, .dims = {3}, .data = brain},
        {.name = "n\xc3\xa4me \"q\\", .dtype = FV_DTYPE_F32, .rank = 1, .dims = {2}, .data = small},
        {.name = "none", .dtype = FV_DTYPE_I64, .rank = 2, .dims = {3, 0}},
        {.name = "scalar", .dtype = FV_DTYPE_U8, .data = "\x2a"},
    };
    return fv_safetensors_write(target, entries, sizeof entries / sizeof *entries, metadata, 2);
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    int calls = 0;
    assert_int_equal(write_sample(path, &calls), FV_OK);
    assert_int_equal(calls, 1);
    fv_safetensors *st = fv_safetensors_open(path);
    assert_non_null(st);
    assert_int_equal(fv_safetensors_count(st), 5);
    const float filled[] = {0, 1, 2, 3, 4, 5};
    assert_view(st, "layer1.0.weight", FV_DTYPE_F32, 2, (size_t[]){2, 3}, filled, sizeof filled);
    assert_view(st, "brain", FV_DTYPE_BF16, 1, (size_t[]){3}, brain, sizeof brain);
    assert_view(st, "n\xc3\xa4me \"q\\", FV_DTYPE_F32, 1, (size_t[]){2}, small, sizeof small);
    assert_view(st, "none", FV_DTYPE_I64, 2, (size_t[]){3, 0}, NULL, 0);
    assert_view(st, "scalar", FV_DTYPE_U8, 0, NULL, "\x2a", 1);
    assert_string_equal(fv_safetensors_at(st, 2)->name, "n\xc3\xa4me \"q\\");
    assert_string_equal(fv_safetensors_metadata(st, "a"), metadata[1].value);
    assert_string_equal(fv_safetensors_metadata(st, "fovea"), metadata[0].value);
    fv_safetensors_free(st);
}

enum { MANY = 300 };

/* Entry i holds 100 * i numbers i. */
static fv_status fill_many(void *context, size_t index, void *buffer) {
    assert_int_equal((uintptr_t)buffer % 4096, 0);
    uint16_t *out = buffer;
    for (size_t i = 0; i < ((fv_tensor_entry *)context)[index].dims[1]; i++) out[i] = (uint16_t)index;
    return FV_OK;
}

static void many_tensors_are_made_one_by_one(void **state) {
    (void)state;
    static fv_tensor_entry many[MANY];
    static char names[MANY][16];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "layer%zu", i * 7919 % MANY); /* not in order */
        many[i] = (fv_tensor_entry){.name = names[i],
                                    .dtype = FV_DTYPE_U16,
                                    .rank = 2,
                                    .dims = {1, 100 * i},
                                    .fill = fill_many,
                                    .context = many};
    }
    assert_int_equal(fv_safetensors_write(path, many, MANY, NULL, 0), FV_OK);
    fv_safetensors *st = fv_safetensors_open(path);
    assert_non_null(st);
    assert_int_equal(fv_safetensors_count(st), MANY);
    for (size_t i = 0; i < MANY; i++) {
        const fv_tensor_view *view = fv_safetensors_find(st, names[i]);
        assert_ptr_equal(view, fv_safetensors_at(st, i));
        assert_int_equal(view->dims[1], 100 * i);
        for (size_t n = 0; n < 100 * i; n++) assert_int_equal(((const uint16_t *)view->data)[n], i);
    }
    fv_safetensors_free(st);
}

static void bytes_are_exactly_these(void **state) {
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"k\":\"v\\n\"},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":"
        "[0,8]},\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[8,9]}}    ";
    const fv_tensor_entry entries[] = {
        {.name = "b", .dtype = FV_DTYPE_F32, .rank = 1, .dims = {2}, .data = small},
        {.name = "a", .dtype = FV_DTYPE_U8, .data = "\x2a"},
    };
    for (int i = 0; i < 2; i++) { /* over nothing, then over itself */
        unsigned char wanted[400];
        uint64_t length = sizeof header - 1;
        assert_int_equal(fv_safetensors_write(path, entries, 2, &(fv_keyval){"k", "v\n"}, 1), FV_OK);
        assert_int_equal(length % 8, 0);
        memcpy(wanted, &length, 8);
        memcpy(wanted + 8, header, length);
        memcpy(wanted + 8 + length, small, 8);
        wanted[16 + length] = 0x2a;
        assert_true(file_holds(path, wanted, 17 + length));
    }
    assert_int_equal(fv_safetensors_write(path, NULL, 0, NULL, 0), FV_OK);
    assert_true(file_holds(path, "\10\0\0\0\0\0\0\0{}      ", 16));
}

static fv_status fill_failing(void *context, size_t index, void *buffer) {
    (void)context;
    (void)buffer;
    return fv_fail(FV_STOPPED, "stopped at %zu", index);
}

static void wrong_entries_are_refused_before_the_file_is_touched(void **state) {
    (void)state;
    static const struct {
        fv_tensor_entry entry;
        fv_keyval pair;
        fv_status code;
        const char *message;
    } cases[] = {
        {{.name = "a\n", .data = "1"}, {"k", ""}, FV_BAD_ARGUMENT, "tensor \"a?\" has a control character in its name"},
        {{.name = "\xc3", .data = "1"}, {"k", ""}, FV_BAD_ARGUMENT, "tensor \"\xc3\": its name is not UTF-8"},
        {{.name = "__metadata__", .data = "1"},
         {"k", ""},
         FV_BAD_ARGUMENT,
         "tensor \"__metadata__\": the format keeps that name for itself"},
        {{.name = "other", .data = "1"}, {"k", ""}, FV_BAD_ARGUMENT, "tensor \"other\" is there twice"},
        {{.name = "a"}, {"k", ""}, FV_BAD_ARGUMENT, "tensor \"a\" has neither data nor a function that makes them"},
        {{.name = "a", .rank = 9, .data = "1"},
         {"k", ""},
         FV_BAD_ARGUMENT,
         "tensor \"a\": type 0 or rank 9 (at most 8) is out of range"},
        {{.name = "a", .rank = -1, .data = "1"},
         {"k", ""},
         FV_BAD_ARGUMENT,
         "tensor \"a\": type 0 or rank -1 (at most 8) is out of range"},
        {{.name = "a", .dtype = FV_DTYPES, .data = "1"},
         {"k", ""},
         FV_BAD_ARGUMENT,
         "tensor \"a\": type 13 or rank 0 (at most 8) is out of range"},
        {{.name = "a", .dtype = FV_DTYPE_F32, .rank = 1, .dims = {SIZE_MAX / 2}, .data = "1"},
         {"k", ""},
         FV_BAD_ARGUMENT,
         "tensor \"a\": its shape has more elements than memory has bytes"},
        {{.name = "a", .rank = 1, .dims = {SIZE_MAX}, .data = "1"},
         {"k", ""},
         FV_BAD_ARGUMENT,
         "the tensors exceed 2^64 bytes"},
        {{.name = "a", .data = "1"}, {"first", ""}, FV_BAD_ARGUMENT, "metadata \"first\" is there twice"},
        {{.name = "a", .data = "1"}, {"\t", ""}, FV_BAD_ARGUMENT, "metadata \"?\" has a control character in its name"},
        {{.name = "a", .data = "1"}, {"k", "\xff"}, FV_BAD_ARGUMENT, "metadata \"k\": its text is not UTF-8"},
        {{.name = "a", .fill = fill_failing}, {"k", ""}, FV_STOPPED, "stopped at 1"},
    };
    put_text(path, "old");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const fv_tensor_entry entries[] = {{.name = "other", .data = "1"}, cases[i].entry};
        const fv_keyval pairs[] = {{"first", ""}, cases[i].pair};
        assert_int_equal(fv_safetensors_write(path, entries, 2, pairs, 2), cases[i].code);
        char message[5000];
        bool names_file = cases[i].code == FV_BAD_ARGUMENT; /* what a callback says stays as it is */
        snprintf(message, sizeof message, "%s%s%s", names_file ? path : "", names_file ? ": " : "", cases[i].message);
        assert_string_equal(fv_error(), message);
        assert_true(file_holds(path, "old", 3));
    }
}

static void a_header_that_could_not_be_read_is_not_written(void **state) {
    (void)state;
    char *value = malloc(FV_SAFETENSORS_HEADER + 1);
    memset(value, 'v', FV_SAFETENSORS_HEADER);
    value[FV_SAFETENSORS_HEADER] = '\0';
    assert_int_equal(fv_safetensors_write(path, NULL, 0, &(fv_keyval){"k", value}, 1), FV_BAD_ARGUMENT);
    assert_contains(fv_error(), "a header of 100000032 bytes: the limit is 100000000");
    free(value);
    assert_int_equal(access(path, F_OK), -1);
}

/* ---- out of memory ---- */

static void every_failing_allocation_of_open_is_clean(void **state) {
    (void)state;
    put_file(path, fixture, sizeof fixture);
    long failures = 0;
    for (bool done = false; !done; failures++) {
        fv_memory_fail_after(failures);
        fv_safetensors *st = fv_safetensors_open(path);
        done = st != NULL;
        fv_memory_fail_after(-1);
        if (!st) assert_int_equal(fv_last_status(), FV_NO_MEMORY);
        if (st) assert_is_fixture(st);
        fv_safetensors_free(st);
    }
    assert_true(failures > 4); /* itself, text, tensors, metadata, the order by name */
}

static void assert_opens(void) {
    fv_safetensors *st = fv_safetensors_open(path);
    assert_non_null(st);
    fv_safetensors_free(st);
}

static void every_failing_allocation_of_write_is_clean(void **state) {
    (void)state;
    fv_status status = FV_NO_MEMORY;
    long failures = 0;
    for (; status != FV_OK; failures++) {
        int calls = 0;
        put_text(path, "old");
        fv_memory_fail_after(failures);
        status = write_sample(path, &calls);
        fv_memory_fail_after(-1);
        if (status == FV_OK) break;
        assert_int_equal(status, FV_NO_MEMORY);
        if (file_holds(path, "old", 3)) continue;
        assert_opens(); /* memory was out when the folder was to be synced: the new file is there, whole */
    }
    assert_true(failures > 4);
    assert_opens();
}

/* ---- the reference implementation as a peer (test_peer.sh) ---- */

/* Reads DIR/theirs.safetensors, which must hold what the fixture does; writes DIR/ours.safetensors. */
static int meet_peer(const char *dir) {
    char theirs[600], ours[600];
    snprintf(theirs, sizeof theirs, "%s/theirs.safetensors", dir);
    snprintf(ours, sizeof ours, "%s/ours.safetensors", dir);
    int calls = 0;
    fv_safetensors *st = fv_safetensors_open(theirs);
    if (!st || write_sample(ours, &calls) != FV_OK) {
        fprintf(stderr, "%s\n", fv_error());
        return 1;
    }
    assert_is_fixture(st);
    fv_safetensors_free(st);
    return 0;
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--peer") == 0) return meet_peer(argv[2]);
    const struct CMUnitTest tests[] = {
        IN_FOLDER(reads_what_the_reference_wrote),
        cmocka_unit_test(reads_the_smallest_and_oddest_headers),
        cmocka_unit_test(bad_lengths_are_refused),
        cmocka_unit_test(bad_tensors_are_refused),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(deep_headers_are_refused_without_recursion),
        cmocka_unit_test(long_names_leave_room_for_the_reason),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused_or_harmless),
        IN_FOLDER(only_regular_files_are_opened),
        IN_FOLDER(what_is_written_reads_back),
        IN_FOLDER(many_tensors_are_made_one_by_one),
        IN_FOLDER(bytes_are_exactly_these),
        IN_FOLDER(wrong_entries_are_refused_before_the_file_is_touched),
        IN_FOLDER(a_header_that_could_not_be_read_is_not_written),
        IN_FOLDER(every_failing_allocation_of_open_is_clean),
        IN_FOLDER(every_failing_allocation_of_write_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
