#include "formats/tuning_file.h"

#include "core/file.h"
#include "core/memory.h"

#include <string.h>
#include <unistd.h>

enum { TUNING_VERSION = 1, TUNING_BYTES = 4 << 20 };
static const char VERSION[] = "fovea_tuning", KERNELS[] = "kernels";

/* ---- The table ------------------------------------------------------------------------------------------------------- */

json_t *fv_tuning_to_json(const fv_tuning *tuning) {
    json_t *object = json_object();
    for (int i = 0; i < tuning->n; i++)
        object = fv_json_with(object, tuning->picks[i].layer, json_string(tuning->picks[i].kernels));
    return object;
}

fv_status fv_tuning_from_json(const char *where, const json_t *object, fv_tuning *tuning) {
    const char *layer, *kernels;
    json_t *value;
    union {
        const json_t *in;
        json_t *out; /* which jansson wants even to look at its keys */
    } both = {object};
    json_object_foreach(both.out, layer, value) {
        FV_TRY(fv_json_string(where, object, layer, &kernels));
        if (strlen(layer) >= FV_PICK_TEXT || strlen(kernels) >= FV_PICK_TEXT)
            return fv_fail(FV_BAD_DATA, "%s: the kernels of a layer in more than %d characters", where, FV_PICK_TEXT);
        if (!fv_tuning_find(tuning, layer)) FV_TRY(fv_tuning_put(tuning, layer, kernels));
    }
    return FV_OK;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------------- */

/* Adds what `own` has of layers whose names begin with `version`, as far as there is room. */
static fv_status add_those(fv_tuning *tuning, const fv_tuning *own, const char *version) {
    for (int i = 0; i < own->n && tuning->n < FV_PICKS; i++) {
        const fv_pick *pick = &own->picks[i];
        if (strncmp(pick->layer, version, strlen(version)) == 0 && !fv_tuning_find(tuning, pick->layer))
            FV_TRY(fv_tuning_put(tuning, pick->layer, pick->kernels));
    }
    return FV_OK;
}

/* What is wrong half way must not leave half of it: it is read into a table of its own first. */
static fv_status take(fv_tuning *tuning, const char *where, const json_t *root, const char *library) {
    fv_tuning own = {0};
    const json_t *kernels;
    int version;
    FV_TRY(fv_json_int(where, root, VERSION, TUNING_VERSION, TUNING_VERSION, &version));
    FV_TRY(fv_json_object(where, root, KERNELS, &kernels));
    fv_status status = fv_tuning_from_json(where, kernels, &own);
    if (status == FV_OK) status = add_those(tuning, &own, library);
    fv_tuning_clear(&own);
    return status;
}

fv_status fv_tuning_parse(fv_tuning *tuning, const char *text, size_t bytes, const char *where, const char *library) {
    json_t *root = fv_json_parse(text, bytes, where);
    if (!root) return fv_last_status();
    fv_status status = take(tuning, where, root, library);
    json_decref(root);
    return status;
}

static fv_status load(fv_tuning *tuning, const char *path, const char *library) {
    size_t bytes;
    if (access(path, F_OK) != 0) return FV_OK;
    char *text = fv_file_read(path, TUNING_BYTES, &bytes);
    if (!text) return fv_last_status();
    fv_status status = fv_tuning_parse(tuning, text, bytes, path, library);
    fv_free(text);
    return status;
}

fv_status fv_tuning_load(fv_tuning *tuning, const char *path) {
    return tuning ? load(tuning, path, fv_version()) : fv_last_status();
}

/* ---- Writing ----------------------------------------------------------------------------------------------------------- */

/* Its own picks, and those of the file that it has not, of any version; without these where the file is no table. */
static fv_status merge(const fv_tuning *tuning, const char *path, fv_tuning *merged) {
    for (int i = 0; i < tuning->n; i++) FV_TRY(fv_tuning_put(merged, tuning->picks[i].layer, tuning->picks[i].kernels));
    fv_status status = load(merged, path, "");
    return status == FV_NO_MEMORY ? status : FV_OK;
}

static char *text_of(const fv_tuning *tuning) {
    json_t *root = fv_json_with(json_object(), VERSION, json_integer(TUNING_VERSION));
    root = fv_json_with(root, KERNELS, fv_tuning_to_json(tuning));
    char *text = root ? fv_json_dump(root) : NULL;
    if (!text) fv_fail(FV_NO_MEMORY, "out of memory while writing what was tuned");
    json_decref(root);
    return text;
}

static fv_status make_folder_of(const char *path) {
    char *folder = fv_folder_of(path);
    fv_status status = folder ? fv_make_folders(folder) : FV_NO_MEMORY;
    fv_free(folder);
    return status;
}

fv_status fv_tuning_save(const fv_tuning *tuning, const char *path) {
    fv_tuning merged = {0};
    if (!tuning) return fv_last_status();
    fv_status status = merge(tuning, path, &merged);
    char *text = status == FV_OK ? text_of(&merged) : NULL;
    fv_tuning_clear(&merged);
    if (!text) return fv_last_status();
    status = make_folder_of(path);
    if (status == FV_OK) status = fv_file_save(path, text, strlen(text));
    fv_free(text);
    return status;
}
