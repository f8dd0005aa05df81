#include "formats/json.h"

#include "core/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- documents ---- */

/* Bounds from above, without parsing, what the parser would meet before its first error: a container begins with an
 * opening bracket, and any further value of it with a comma. */
static fv_status check_limits(const char *text, size_t bytes) {
    if (bytes > FV_JSON_BYTES)
        return fv_fail(FV_BAD_DATA, "%zu bytes of JSON: at most %d are read", bytes, FV_JSON_BYTES);
    size_t depth = 0, values = 1;
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (c == '"') quoted = !quoted;
        if (quoted && c == '\\') i++;
        if (quoted) continue;
        bool opens = c == '[' || c == '{', closes = c == ']' || c == '}';
        if (opens || c == ',') values++;
        depth += opens;
        if (closes && depth > 0) depth--;
        if (depth > FV_JSON_DEPTH)
            return fv_fail(FV_BAD_DATA, "byte %zu: JSON nested deeper than %d levels", i, FV_JSON_DEPTH);
        if (values > FV_JSON_VALUES)
            return fv_fail(FV_BAD_DATA, "byte %zu: JSON of more than %d values", i, FV_JSON_VALUES);
    }
    return FV_OK;
}

/* What is left of a text, for jansson to take a byte at a time. */
typedef struct feed {
    const char *at, *end;
    bool starved;
} feed;

/* When malloc fails, jansson drops the character at hand and goes on, calls its token invalid, or says nothing. All that tells it
 * is errno, which a number sets back once it has been read: so errno is looked at before each byte. */
static size_t lend(void *buffer, size_t room, void *user) {
    feed *f = user;
    (void)room;
    f->starved = f->starved || errno == ENOMEM;
    if (f->starved || f->at == f->end) return 0;
    *(char *)buffer = *f->at++;
    return 1;
}

json_t *fv_json_parse(const char *text, size_t bytes, const char *where) {
    fv_status status = check_limits(text, bytes);
    if (status != FV_OK) {
        fv_fail_in(status, "%s", where);
        return NULL;
    }
    json_error_t error = {.line = 0};
    feed f = {text, text + bytes, false};
    errno = 0;
    json_t *document = json_load_callback(lend, &f, JSON_REJECT_DUPLICATES, &error);
    if (document && !f.starved) return document;
    json_decref(document);
    if (error.text[0] == '\0' || f.starved || errno == ENOMEM)
        fv_fail(FV_NO_MEMORY, "%s: out of memory while reading %zu bytes of JSON", where, bytes);
    else
        fv_fail(FV_BAD_DATA, "%s: line %d, column %d: %s", where, error.line, error.column, error.text);
    return NULL;
}

char *fv_json_dump(const json_t *value) {
    size_t bytes = json_dumpb(value, NULL, 0, JSON_COMPACT);
    char *text = bytes > 0 ? fv_alloc(bytes + 1, 1) : NULL;
    if (text && json_dumpb(value, text, bytes, JSON_COMPACT) == bytes) return text;
    fv_free(text);
    fv_fail(FV_NO_MEMORY, "out of memory while writing JSON");
    return NULL;
}

json_t *fv_json_with(json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value) == 0) return object;
    json_decref(object);
    return NULL;
}

json_t *fv_json_and(json_t *array, json_t *item) {
    if (json_array_append_new(array, item) == 0) return array;
    json_decref(array);
    return NULL;
}

/* ---- values ---- */

void fv_json_describe(const json_t *value, char *out, size_t bytes) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        snprintf(out, bytes, "an object");
        break;
    case JSON_ARRAY:
        snprintf(out, bytes, "an array of %zu", json_array_size(value));
        break;
    case JSON_STRING:
        snprintf(out, bytes, "\"%.40s\"", json_string_value(value));
        break;
    case JSON_INTEGER:
        snprintf(out, bytes, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        snprintf(out, bytes, "%g", json_real_value(value));
        break;
    case JSON_TRUE:
        snprintf(out, bytes, "true");
        break;
    case JSON_FALSE:
        snprintf(out, bytes, "false");
        break;
    case JSON_NULL:
        snprintf(out, bytes, "null");
        break;
    }
}

/* "WHERE: "KEY" must be WANTED, not FOUND", or that it is missing. */
static fv_status refuse(const char *where, const char *key, const json_t *found, const char *wanted, ...)
    FV_PRINTF(4, 5);

static fv_status refuse(const char *where, const char *key, const json_t *found, const char *wanted, ...) {
    if (!found) return fv_fail(FV_BAD_DATA, "%s: \"%s\" is missing", where, key);
    char want[128], is[64];
    va_list args;
    va_start(args, wanted);
    vsnprintf(want, sizeof want, wanted, args);
    va_end(args);
    fv_json_describe(found, is, sizeof is);
    return fv_fail(FV_BAD_DATA, "%s: \"%s\" must be %s, not %s", where, key, want, is);
}

static fv_status to_number(const char *where, const char *key, const json_t *value, double min, double max,
                           double *out) {
    double number = json_number_value(value);
    if (!json_is_number(value) || number < min || number > max)
        return refuse(where, key, value, "a number from %g to %g", min, max);
    *out = number;
    return FV_OK;
}

static fv_status to_int64(const char *where, const char *key, const json_t *value, int64_t min, int64_t max,
                          int64_t *out) {
    int64_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < min || number > max)
        return refuse(where, key, value, "a whole number from %lld to %lld", (long long)min, (long long)max);
    *out = number;
    return FV_OK;
}

static fv_status to_int(const char *where, const char *key, const json_t *value, int min, int max, int *out) {
    int64_t number = 0;
    FV_TRY(to_int64(where, key, value, min, max, &number));
    *out = (int)number;
    return FV_OK;
}

fv_status fv_json_number(const char *where, const json_t *object, const char *key, double min, double max,
                         double *out) {
    return to_number(where, key, json_object_get(object, key), min, max, out);
}

fv_status fv_json_int64(const char *where, const json_t *object, const char *key, int64_t min, int64_t max,
                        int64_t *out) {
    return to_int64(where, key, json_object_get(object, key), min, max, out);
}

fv_status fv_json_int(const char *where, const json_t *object, const char *key, int min, int max, int *out) {
    return to_int(where, key, json_object_get(object, key), min, max, out);
}

fv_status fv_json_bool(const char *where, const json_t *object, const char *key, bool *out) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_boolean(value)) return refuse(where, key, value, "true or false");
    *out = json_is_true(value);
    return FV_OK;
}

fv_status fv_json_string(const char *where, const json_t *object, const char *key, const char **out) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value)) return refuse(where, key, value, "a string");
    *out = json_string_value(value);
    return FV_OK;
}

fv_status fv_json_array(const char *where, const json_t *object, const char *key, const json_t **out) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_array(value)) return refuse(where, key, value, "an array");
    *out = value;
    return FV_OK;
}

fv_status fv_json_object(const char *where, const json_t *object, const char *key, const json_t **out) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_object(value)) return refuse(where, key, value, "an object");
    *out = value;
    return FV_OK;
}

/* ---- arrays of numbers ---- */

/* An array of at most `capacity` elements. */
static fv_status short_array(const char *where, const json_t *object, const char *key, size_t capacity,
                             const json_t **out) {
    FV_TRY(fv_json_array(where, object, key, out));
    if (json_array_size(*out) <= capacity) return FV_OK;
    return refuse(where, key, *out, "an array of at most %zu", capacity);
}

enum { ELEMENT_NAME = 64 };

/* "KEY[3]" */
static const char *element_name(const char *key, size_t i, char name[ELEMENT_NAME]) {
    snprintf(name, ELEMENT_NAME, "%.32s[%zu]", key, i);
    return name;
}

fv_status fv_json_numbers(const char *where, const json_t *object, const char *key, double min, double max, double *out,
                          size_t capacity, size_t *count) {
    const json_t *array = NULL;
    char name[ELEMENT_NAME];
    FV_TRY(short_array(where, object, key, capacity, &array));
    for (size_t i = 0; i < json_array_size(array); i++)
        FV_TRY(to_number(where, element_name(key, i, name), json_array_get(array, i), min, max, &out[i]));
    *count = json_array_size(array);
    return FV_OK;
}

fv_status fv_json_ints(const char *where, const json_t *object, const char *key, int min, int max, int *out,
                       size_t capacity, size_t *count) {
    const json_t *array = NULL;
    char name[ELEMENT_NAME];
    FV_TRY(short_array(where, object, key, capacity, &array));
    for (size_t i = 0; i < json_array_size(array); i++)
        FV_TRY(to_int(where, element_name(key, i, name), json_array_get(array, i), min, max, &out[i]));
    *count = json_array_size(array);
    return FV_OK;
}
