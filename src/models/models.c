#include "models/models.h"

#include "core/memory.h"
#include "core/suggest.h"
#include "engine/model.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FV_NETWORK(name_, paper_, c, h, w, classes_, ...)   \
    {{.name = #name_,                                       \
      .paper = paper_,                                      \
      .input = {c, h, w},                                   \
      .classes = classes_,                                  \
      .options = (const char *const[]){__VA_ARGS__, NULL}}, \
     fv_build_##name_},
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
    if (close)
        fv_fail(FV_BAD_ARGUMENT, "no network named \"%s\": did you mean \"%s\"?", name, close);
    else
        fv_fail(FV_BAD_ARGUMENT, "no network named \"%s\": `fovea models` lists them", name);
    return NULL;
}

/* ---- The text form ------------------------------------------------------------------------------------------------ */

static const char *const init_names[] = {
    [FV_INIT_DEFAULT] = "default",
    [FV_INIT_ZERO] = "zero",
    [FV_INIT_ONE] = "one",
    [FV_INIT_NORMAL] = "normal",
    [FV_INIT_UNIFORM] = "uniform",
    [FV_INIT_KAIMING_NORMAL] = "kaiming_normal",
    [FV_INIT_KAIMING_UNIFORM] = "kaiming_uniform",
    [FV_INIT_KAIMING_FAN_OUT] = "kaiming_fan_out",
    [FV_INIT_XAVIER_NORMAL] = "xavier_normal",
    [FV_INIT_XAVIER_UNIFORM] = "xavier_uniform",
    [FV_INIT_FAN_IN_UNIFORM] = "fan_in_uniform",
    [FV_INIT_DIRAC] = "dirac",
};

/* The keys that set a field of fv_arch. A network takes the general ones and those in its own row. */
typedef enum key_type { COUNT, FLAG, SCALE, RATE, INIT, PATH } key_type;
static const struct {
    const char *name;
    size_t offset;
    bool general;
    key_type type;
} keys[] = {
    {"classes", offsetof(fv_arch, classes), true, COUNT},
    {"channels", offsetof(fv_arch, input[0]), true, COUNT},
    {"height", offsetof(fv_arch, input[1]), true, COUNT},
    {"width", offsetof(fv_arch, input[2]), true, COUNT},
    {"init", offsetof(fv_arch, init.kind), true, INIT},
    {"init_scale", offsetof(fv_arch, init.scale), true, SCALE},
    {"pretrained", offsetof(fv_arch, pretrained), true, PATH},
    {"text", offsetof(fv_arch, text), false, FLAG},
    {"no_pool", offsetof(fv_arch, no_pool), false, FLAG},
    {"sigmoid", offsetof(fv_arch, sigmoid), false, FLAG},
    {"dropout", offsetof(fv_arch, dropout), false, RATE},
    {"layers", offsetof(fv_arch, layers), false, COUNT},
    {"leaky", offsetof(fv_arch, leaky), false, FLAG},
    {"stem_stride", offsetof(fv_arch, stem_stride), false, COUNT},
    {"no_aux", offsetof(fv_arch, no_aux), false, FLAG},
    {"lrn", offsetof(fv_arch, lrn), false, FLAG},
    {"zero_init_residual", offsetof(fv_arch, zero_init_residual), false, FLAG},
    {"width_mult", offsetof(fv_arch, width_mult), false, SCALE},
};

static const struct {
    double least, most;
    bool whole;
} ranges[] = {
    [COUNT] = {1, INT_MAX, true}, [FLAG] = {0, 1, true}, [SCALE] = {1e-6, 1e6, false}, [RATE] = {0, 0.999, false}};

static bool takes(const fv_network_row *row, int key) {
    for (const char *const *option = row->info.options; *option; option++)
        if (strcmp(*option, keys[key].name) == 0) return true;
    return keys[key].general;
}

/* Fails with the nearest of the names that would have done. */
static fv_status unknown(const char *what, const char *given, const char *const *names, int count) {
    const char *close = fv_suggest(given, names, (size_t)count);
    if (close) return fv_fail(FV_BAD_ARGUMENT, "%s \"%s\": did you mean \"%s\"?", what, given, close);
    return fv_fail(FV_BAD_ARGUMENT, "%s \"%s\": there is none of that name", what, given);
}

static fv_status unknown_key(const fv_network_row *row, const char *key) {
    const char *names[FV_COUNT(keys)];
    char what[64];
    int n = 0;
    for (int i = 0; i < FV_COUNT(keys); i++)
        if (takes(row, i)) names[n++] = keys[i].name;
    snprintf(what, sizeof what, "%s has no option", row->info.name);
    return unknown(what, key, names, n);
}

static fv_status set_number(const fv_network_row *row, int k, const char *value, void *field) {
    char *end;
    errno = 0;
    double number = strtod(value, &end);
    double least = ranges[keys[k].type].least, most = ranges[keys[k].type].most;
    bool whole = ranges[keys[k].type].whole, fits = !whole || number == floor(number);
    if (end == value || *end || errno || !(number >= least && number <= most) || !fits)
        return fv_fail(FV_BAD_ARGUMENT, "%s:%s=%s: must be a %snumber from %.10g to %.10g", row->info.name,
                       keys[k].name, value, whole ? "whole " : "", least, most);
    if (keys[k].type == FLAG) *(bool *)field = number != 0;
    if (keys[k].type == COUNT) *(int *)field = (int)number;
    if (keys[k].type == SCALE) *(float *)field = (float)number;
    if (keys[k].type == RATE) *(float *)field = number == 0 ? FV_ZERO : (float)number;
    return FV_OK;
}

static fv_status set_init(const char *value, fv_init_kind *kind) {
    for (int i = 0; i < FV_COUNT(init_names); i++)
        if (strcmp(init_names[i], value) == 0) {
            *kind = (fv_init_kind)i;
            return FV_OK;
        }
    return unknown("initialisation", value, init_names, FV_COUNT(init_names));
}

static fv_status set_key(const fv_network_row *row, fv_arch *arch, const char *key, const char *value) {
    int k = 0;
    while (k < FV_COUNT(keys) && !(strcmp(keys[k].name, key) == 0 && takes(row, k))) k++;
    if (k == FV_COUNT(keys)) return unknown_key(row, key);
    void *field = (unsigned char *)arch + keys[k].offset;
    if (keys[k].type == PATH) {
        *(const char **)field = value;
        return FV_OK;
    }
    return keys[k].type == INIT ? set_init(value, field) : set_number(row, k, value, field);
}

/* Applies "key=value,key=value"; `text` is cut up, and must live as long as `arch` is used. */
static fv_status apply(const fv_network_row *row, fv_arch *arch, char *text) {
    for (char *save = NULL, *item = strtok_r(text, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(item, '=');
        if (!equals) return fv_fail(FV_BAD_ARGUMENT, "%s:%s: options are key=value", row->info.name, item);
        *equals = '\0';
        FV_TRY(set_key(row, arch, item, equals + 1));
    }
    return FV_OK;
}

float fv_dropout_rate(const fv_arch *arch, float standard) {
    return arch->dropout == 0 ? standard : arch->dropout == FV_ZERO ? 0 : arch->dropout;
}

/* ---- Building --------------------------------------------------------------------------------------------------------- */

static fv_model *build(const fv_network_row *row, fv_arch arch, const char *label) {
    if (!(arch.width_mult >= 0 && arch.width_mult <= 1e6f)) {
        fv_fail(FV_BAD_ARGUMENT, "%s: width_mult %g: must be above 0 and at most 1e6", label, (double)arch.width_mult);
        return NULL;
    }
    if (!arch.classes) arch.classes = row->info.classes;
    for (int i = 0; i < 3; i++)
        if (!arch.input[i]) arch.input[i] = row->info.input[i];
    fv_model *model = fv_model_new_with(row->build(&arch), &(fv_model_args){.seed = arch.seed});
    if (!model) return NULL;
    model->network = fv_strdup(label);
    fv_status status = model->network ? FV_OK : FV_NO_MEMORY;
    if (status == FV_OK && arch.pretrained) status = fv_model_load_pretrained(model, arch.pretrained);
    if (status == FV_OK) return model;
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
