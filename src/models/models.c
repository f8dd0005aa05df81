#include "models/models.h"

#include "core/memory.h"
#include "core/suggest.h"
#include "engine/model.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define FV_NETWORK(name_, paper_, c, h, w, classes_, ...)                                                              \
    {{.name = #name_, .paper = paper_, .input = {c, h, w}, .classes = classes_}, fv_build_##name_, (const char *const[]){__VA_ARGS__, NULL}},
static const fv_network_row networks[] = {
#include "models/models.def"
};
#undef FV_NETWORK

bool fv_network_at(int index, fv_network_info *info) {
    if (index < 0 || index >= FV_COUNT(networks)) return false;
    *info = networks[index].info;
    return true;
}

static const fv_network_row *find(const char *name) {
    const char *names[FV_COUNT(networks)];
    for (int i = 0; i < FV_COUNT(networks); i++) {
        names[i] = networks[i].info.name;
        if (strcmp(names[i], name) == 0) return &networks[i];
    }
    const char *close = fv_suggest(name, names, FV_COUNT(networks));
    if (close) fv_fail(FV_BAD_ARGUMENT, "no network named \"%s\": did you mean \"%s\"?", name, close);
    else fv_fail(FV_BAD_ARGUMENT, "no network named \"%s\": `fovea models` lists them", name);
    return NULL;
}

/* ---- The text form ------------------------------------------------------------------------------------------------ */

/* The keys that set a field of fv_arch. A network takes the general ones and those in its own row. */
static const struct {
    const char *name;
    size_t offset;
    bool general, flag;
} keys[] = {
    {"classes", offsetof(fv_arch, classes), true, false},
    {"channels", offsetof(fv_arch, input[0]), true, false},
    {"height", offsetof(fv_arch, input[1]), true, false},
    {"width", offsetof(fv_arch, input[2]), true, false},
    {"text", offsetof(fv_arch, text), false, true},
};

static bool takes(const fv_network_row *row, int key) {
    for (const char *const *option = row->options; option && *option; option++)
        if (strcmp(*option, keys[key].name) == 0) return true;
    return keys[key].general;
}

static fv_status unknown_key(const fv_network_row *row, const char *key) {
    const char *names[FV_COUNT(keys)];
    int n = 0;
    for (int i = 0; i < FV_COUNT(keys); i++)
        if (takes(row, i)) names[n++] = keys[i].name;
    const char *close = fv_suggest(key, names, (size_t)n);
    return fv_fail(FV_BAD_ARGUMENT, "%s has no option \"%s\"%s%s%s", row->info.name, key, close ? ": did you mean \"" : "",
                   close ? close : "", close ? "\"?" : "");
}

static fv_status set_key(const fv_network_row *row, fv_arch *arch, const char *key, const char *value) {
    int k = 0;
    while (k < FV_COUNT(keys) && !(strcmp(keys[k].name, key) == 0 && takes(row, k))) k++;
    if (k == FV_COUNT(keys)) return unknown_key(row, key);
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    long most = keys[k].flag ? 1 : INT_MAX, least = keys[k].flag ? 0 : 1;
    if (end == value || *end || errno || number < least || number > most)
        return fv_fail(FV_BAD_ARGUMENT, "%s:%s=%s: must be a whole number from %ld to %ld", row->info.name, key, value, least, most);
    unsigned char *field = (unsigned char *)arch + keys[k].offset;
    if (keys[k].flag) *(bool *)(void *)field = number;
    else *(int *)(void *)field = (int)number;
    return FV_OK;
}

/* Applies "key=value,key=value"; `text` is cut up. */
static fv_status apply(const fv_network_row *row, fv_arch *arch, char *text) {
    for (char *save = NULL, *item = strtok_r(text, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(item, '=');
        if (!equals) return fv_fail(FV_BAD_ARGUMENT, "%s:%s: options are key=value", row->info.name, item);
        *equals = '\0';
        FV_TRY(set_key(row, arch, item, equals + 1));
    }
    return FV_OK;
}

/* ---- Building --------------------------------------------------------------------------------------------------------- */

static fv_model *build(const fv_network_row *row, fv_arch arch, const char *label) {
    if (!arch.classes) arch.classes = row->info.classes;
    for (int i = 0; i < 3; i++)
        if (!arch.input[i]) arch.input[i] = row->info.input[i];
    fv_model *model = fv_model_new_with(row->build(&arch), &(fv_model_args){.seed = arch.seed});
    if (!model) return NULL;
    model->network = fv_strdup(label);
    if (model->network) return model;
    fv_model_free(model);
    return NULL;
}

fv_model *fv_network(const char *name, const fv_arch *arch) {
    fv_arch wanted = arch ? *arch : (fv_arch){0};
    fv_model *model = NULL;
    char *text = fv_strdup(name);
    if (!text) return NULL;
    char *colon = strchr(text, ':');
    if (colon) *colon = '\0';
    const fv_network_row *row = find(text);
    if (row && (!colon || apply(row, &wanted, colon + 1) == FV_OK)) model = build(row, wanted, name);
    fv_free(text);
    return model;
}

fv_model *fv_lenet_with(const fv_arch *arch) { return fv_network("lenet", arch); }
