/* "kind:where[,key=value...]", the program's --data. The kinds and their keys are the tables below. */
#include "core/file.h"
#include "core/memory.h"
#include "core/suggest.h"
#include "data/dataset.h"
#include "data/kinds.h"

#include <stdlib.h>
#include <string.h>

/* ---- Keys ---- */

enum { SPLIT = 1, LIMIT = 2, SIZE = 4, COUNT = 8, SEED = 16, POSITIVE = 32, GROUP = 64 };

/* A spec taken apart. Zero is what it does not give. */
typedef struct options {
    char *where;
    fv_split split;
    const char *positive, *group;
    uint64_t limit, size, count, seed;
} options;

typedef struct spec_key {
    int bit;
    const char *name;
    size_t offset;      /* of its number in options */
    uint64_t low, high; /* the number's range */
} spec_key;

static const spec_key keys[] = {
    {SPLIT, "split", 0, 0, 0}, /* the three that are not numbers */
    {POSITIVE, "positive", 0, 0, 0},
    {GROUP, "group", 0, 0, 0},
    {LIMIT, "limit", offsetof(options, limit), 1, UINT32_MAX},
    {SIZE, "size", offsetof(options, size), 16, 2048},
    {COUNT, "count", offsetof(options, count), 2, 1000000},
    {SEED, "seed", offsetof(options, seed), 0, UINT64_MAX},
};
enum { KEYS = sizeof keys / sizeof *keys };

static const char *const splits[] = {[FV_TRAIN] = "train", [FV_VAL] = "val", [FV_TEST] = "test"};

/* ---- Kinds ---- */

static fv_dataset *open_synthetic(const options *o) {
    if (strcmp(o->where, "fundus") != 0) {
        fv_fail(FV_BAD_ARGUMENT, "synthetic:%s: unknown; the synthetic dataset is synthetic:fundus", o->where);
        return NULL;
    }
    return fv_fundus_with(
        &(fv_fundus_args){.split = o->split, .count = (size_t)o->count, .size = (int)o->size, .seed = o->seed});
}

typedef struct spec_kind {
    const char *name;
    int keys;                             /* those it understands */
    bool (*recognise)(const char *where); /* NULL: not a folder or file */
    fv_dataset *(*open)(const char *where, const fv_dataset_args *args);
} spec_kind;

/* Bare folders are recognised by the first that takes them. */
static const spec_kind kinds[] = {
    {"fashion_mnist", SPLIT | LIMIT, fv_fashion_mnist_recognise, fv_fashion_mnist_with},
    {"mnist", SPLIT | LIMIT, fv_mnist_recognise, fv_mnist_with},
    {"cifar10", SPLIT | LIMIT, fv_cifar10_recognise, fv_cifar10_with},
    {"cifar100", SPLIT | LIMIT, fv_cifar100_recognise, fv_cifar100_with},
    {"palm", SPLIT | LIMIT, fv_palm_recognise, fv_palm_with},
    {"csv", LIMIT | POSITIVE | GROUP, fv_csv_recognise, fv_csv_with},
    {"folder", SPLIT | LIMIT | POSITIVE, fv_folder_recognise, fv_folder_with},
    {"synthetic", SPLIT | SIZE | COUNT | SEED, NULL, NULL}, /* see open_synthetic */
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- Parsing ---- */

static fv_status unknown(const char *spec, const char *what, const char *word, const char *const *names, size_t n) {
    return fv_fail_in(fv_fail_unknown(what, word, names, n), "%s", spec);
}

static fv_status parse_split(const char *spec, const char *value, fv_split *split) {
    for (int i = FV_TRAIN; i <= FV_TEST; i++)
        if (strcmp(value, splits[i]) == 0) {
            *split = (fv_split)i;
            return FV_OK;
        }
    return unknown(spec, "split", value, splits + FV_TRAIN, FV_TEST);
}

static fv_status parse_number(const char *spec, const spec_key *k, const char *value, uint64_t *number) {
    uint64_t sum = 0;
    bool good = *value;
    for (const char *c = value; good && *c; c++)
        good = *c >= '0' && *c <= '9' && !__builtin_mul_overflow(sum, 10, &sum) &&
               !__builtin_add_overflow(sum, (uint64_t)(*c - '0'), &sum);
    if (!good || sum < k->low || sum > k->high)
        return fv_fail(FV_BAD_ARGUMENT, "%s: %s=%s: must be a whole number, %llu..%llu", spec, k->name, value,
                       (unsigned long long)k->low, (unsigned long long)k->high);
    *number = sum;
    return FV_OK;
}

/* `text` is "key=value"; it is cut apart. */
static fv_status parse_option(const char *spec, const spec_kind *kind, char *text, options *o) {
    char *value = strchr(text, '=');
    *value++ = '\0';
    const char *names[KEYS];
    size_t n = 0;
    for (int i = 0; i < KEYS; i++) {
        const spec_key *k = &keys[i];
        if (!(kind->keys & k->bit)) continue;
        names[n++] = k->name;
        if (strcmp(text, k->name) != 0) continue;
        if (k->bit == SPLIT) return parse_split(spec, value, &o->split);
        if (k->bit == POSITIVE) return o->positive = value, FV_OK;
        if (k->bit == GROUP) return o->group = value, FV_OK;
        return parse_number(spec, k, value, (uint64_t *)(void *)((char *)o + k->offset));
    }
    return unknown(spec, "key", text, names, n);
}

static const spec_kind *find_kind(const char *name, size_t length) {
    for (int i = 0; i < KINDS; i++)
        if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, name, length) == 0) return &kinds[i];
    return NULL;
}

/* A bare folder; NULL with a message where nothing is recognised. */
static const spec_kind *recognise(const char *folder) {
    for (int i = 0; i < KINDS; i++)
        if (kinds[i].recognise && kinds[i].recognise(folder)) return &kinds[i];
    if (!fv_is_folder(folder))
        fv_fail(FV_IO_ERROR, "%s: no such folder (a dataset is KIND:FOLDER, e.g. mnist:%s)", folder, folder);
    else
        fv_fail(FV_BAD_DATA, "%s: no dataset is recognised in this folder; say what it is, e.g. mnist:%s", folder,
                folder);
    return NULL;
}

/* The kind of "KIND:..."; where the part before the colon is no kind but a path, the whole is a bare folder. */
static fv_status parse_kind(const char *spec, options *o, const spec_kind **found) {
    char *colon = strchr(o->where, ':'), *slash = strchr(o->where, '/');
    if (!colon || (slash && slash < colon) || fv_is_folder(o->where)) {
        *found = recognise(o->where);
        return *found ? FV_OK : fv_last_status();
    }
    *found = find_kind(o->where, (size_t)(colon - o->where));
    if (*found) {
        o->where = colon + 1;
        return FV_OK;
    }
    const char *names[KINDS];
    for (int i = 0; i < KINDS; i++) names[i] = kinds[i].name;
    *colon = '\0';
    return unknown(spec, "kind of dataset", o->where, names, KINDS);
}

/* Cuts ",key=value" off the end of `text` as long as there is one, so that a path may contain commas. Returns the pieces
 * as one string, NUL-separated and ended by an empty one, in the same memory. */
static char *cut_options(char *text) {
    char *end = text + strlen(text), *comma;
    while ((comma = strrchr(text, ',')) && strchr(comma, '=') && !strchr(comma, '/')) *comma = '\0';
    return text + strlen(text) == end ? end : text + strlen(text) + 1;
}

static fv_dataset *open_kind(const spec_kind *kind, const options *o) {
    if (!kind->open) return open_synthetic(o);
    return kind->open(
        o->where,
        &(fv_dataset_args){.split = o->split, .limit = (size_t)o->limit, .positive = o->positive, .group = o->group});
}

static fv_dataset *open_spec(const char *spec, fv_split split, bool force) {
    if (!spec) return NULL;
    size_t length = strlen(spec);
    char *text = fv_alloc(length + 2, 1);
    if (!text) return NULL;
    memcpy(text, spec, length);
    options o = {.where = text};
    const spec_kind *kind;
    fv_dataset *dataset = NULL;
    char *rest = cut_options(text);
    if (parse_kind(spec, &o, &kind) != FV_OK) goto done;
    for (char *next; rest < text + length; rest = next) {
        next = rest + strlen(rest) + 1; /* parsing cuts the piece apart */
        if (parse_option(spec, kind, rest, &o) != FV_OK) goto done;
    }
    if (force || o.split == FV_SPLIT_DEFAULT) o.split = split;
    dataset = open_kind(kind, &o);
done:
    fv_free(text);
    return dataset;
}

fv_dataset *fv_dataset_open(const char *spec, fv_split split) { return open_spec(spec, split, false); }

fv_dataset *fv_dataset_open_validation(const char *spec) {
    fv_dataset *dataset = open_spec(spec, FV_VAL, true);
    return dataset || fv_last_status() != FV_UNSUPPORTED ? dataset : open_spec(spec, FV_TEST, true);
}
