/* JSON documents from foreign files: jansson behind limits, with errors of one line.
 *
 * Reading first counts, in the bare text, how many its values are and how deep they lie: jansson recurses once a level,
 * and takes up to 240 bytes for two characters. Only text within the limits below reaches it.
 *
 * jansson allocates by its own functions: json_set_alloc_funcs is global to the process and may belong to the
 * application that uses this library, and has to say by errno, as malloc does, that memory ran out. A test, being the
 * application, hands it core/memory.h's. */
#ifndef FORMATS_JSON_H
#define FORMATS_JSON_H

#include "core/status.h"

#include <jansson.h>

enum {
    FV_JSON_BYTES = 16 << 20, /* of text */
    FV_JSON_DEPTH = 64,       /* of arrays and objects in one another */
    FV_JSON_VALUES = 100000,  /* of any kind, together: under 32 MiB in memory, besides 8 times the text */
};

/* The object or array that `text` holds, and nothing else; duplicate keys are refused. `where` stands before messages:
 * "model.safetensors: metadata". NULL on failure; free with json_decref. */
json_t *fv_json_parse(const char *text, size_t bytes, const char *where);

/* Compact text, keys in the order of insertion: the same value gives the same bytes. NULL on failure; fv_free it. */
char *fv_json_dump(const json_t *value);

/* For building: sets a key of an object, or appends to an array, and returns the container; the value is taken over.
 * Whatever fails (memory, a value or a container that is NULL already) releases both and returns NULL: a chain of calls
 * needs one check at its end. */
json_t *fv_json_with(json_t *object, const char *key, json_t *value);
json_t *fv_json_and(json_t *array, json_t *item);

/* The value of an object's key, checked; anything else, also its absence, fails with FV_BAD_DATA and a message like
 *
 *     model.safetensors: metadata: "threshold" must be a number from 0 to 1, not 7
 *
 * and leaves *out as it was. For a key that may be absent, ask json_object_get first. What comes out as a pointer is
 * borrowed from the object. */
fv_status fv_json_number(const char *where, const json_t *object, const char *key, double min, double max, double *out);
fv_status fv_json_int(const char *where, const json_t *object, const char *key, int min, int max, int *out);
fv_status fv_json_int64(const char *where, const json_t *object, const char *key, int64_t min, int64_t max,
                        int64_t *out);
fv_status fv_json_bool(const char *where, const json_t *object, const char *key, bool *out);
fv_status fv_json_string(const char *where, const json_t *object, const char *key, const char **out);
fv_status fv_json_array(const char *where, const json_t *object, const char *key, const json_t **out);
fv_status fv_json_object(const char *where, const json_t *object, const char *key, const json_t **out);

/* "an array of 3", "\"text\"", "0.5": for messages. */
void fv_json_describe(const json_t *value, char *out, size_t bytes);

/* Arrays of numbers, each within its range: at most `capacity`, *count of them. */
fv_status fv_json_numbers(const char *where, const json_t *object, const char *key, double min, double max, double *out,
                          size_t capacity, size_t *count);
fv_status fv_json_ints(const char *where, const json_t *object, const char *key, int min, int max, int *out,
                       size_t capacity, size_t *count);

#endif
