#include "data/pictures.h"

#include "core/file.h"
#include "core/memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Names ------------------------------------------------------------------------------------------------------- */

bool fv_is_picture_name(const char *name) {
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp",
                                          ".gif", ".pbm",  ".pgm", ".ppm",  ".pam", ".pnm"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

static fv_status add_name(fv_names *names, size_t *room, const char *folder, const struct dirent *entry) {
    if (names->n == *room) {
        size_t more = *room ? 2 * *room : 64;
        fv_name *grown = fv_realloc(names->names, more, sizeof *grown);
        if (!grown) return FV_NO_MEMORY;
        names->names = grown;
        *room = more;
    }
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    char *path = fv_arena_format(&names->arena, "%s%s%s", folder, slash, entry->d_name);
    if (!path) return FV_NO_MEMORY;
    bool known = entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN; /* some file systems never say */
    names->names[names->n++] = (fv_name){.name = path + strlen(path) - strlen(entry->d_name),
                                         .path = path,
                                         .folder = known ? entry->d_type == DT_DIR : fv_is_folder(path),
                                         .link = !known};
    return FV_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const fv_name *)a)->name, ((const fv_name *)b)->name);
}

static fv_status read_names(DIR *d, const char *folder, fv_names *names) {
    size_t room = 0;
    for (struct dirent *entry; errno = 0, (entry = readdir(d));)
        if (entry->d_name[0] != '.') FV_TRY(add_name(names, &room, folder, entry));
    if (errno) return fv_fail(FV_IO_ERROR, "%s: %s", folder, strerror(errno));
    if (names->n) qsort(names->names, names->n, sizeof *names->names, by_name);
    return FV_OK;
}

fv_status fv_names_read(const char *folder, fv_names *names) {
    *names = (fv_names){0};
    DIR *d = *folder ? opendir(folder) : NULL;
    if (!d) return fv_fail(FV_IO_ERROR, "%s: %s", folder, *folder ? strerror(errno) : "no name of a folder");
    fv_status status = read_names(d, folder, names);
    closedir(d);
    if (status != FV_OK) fv_names_free(names);
    return status;
}

void fv_names_free(fv_names *names) {
    fv_arena_free(&names->arena);
    fv_free(names->names);
    *names = (fv_names){0};
}

/* ---- Searching --------------------------------------------------------------------------------------------------- */

/* A folder's identity, whatever path leads to it; those above it are chained on the stack. */
typedef struct place {
    const struct place *up;
    dev_t device;
    ino_t number;
} place;

typedef struct search {
    fv_picture_visit visit;
    void *user;
    place *followed; /* where links have led, and what lies above it all: they lead there no more */
    size_t n_followed, room;
} search;

static bool same(const place *a, const place *b) { return a->device == b->device && a->number == b->number; }

/* True where a link leads back up, or to where another has led. */
static bool is_known(const search *s, const place *here) {
    for (const place *p = here->up; p; p = p->up)
        if (same(p, here)) return true;
    for (size_t i = 0; i < s->n_followed; i++)
        if (same(&s->followed[i], here)) return true;
    return false;
}

static fv_status remember(search *s, const place *here) {
    if (s->n_followed == s->room) {
        size_t more = s->room ? 2 * s->room : 16;
        place *grown = fv_realloc(s->followed, more, sizeof *grown);
        if (!grown) return FV_NO_MEMORY;
        s->followed = grown;
        s->room = more;
    }
    s->followed[s->n_followed++] = *here;
    return FV_OK;
}

static fv_status search_folder(search *s, const char *folder, bool link, const place *up) {
    struct stat info;
    fv_names names;
    if (stat(folder, &info) != 0)
        return s->visit(s->user, folder, fv_fail(FV_IO_ERROR, "%s: %s", folder, strerror(errno)));
    place here = {up, info.st_dev, info.st_ino};
    if (link && is_known(s, &here)) return FV_OK;
    if (link) FV_TRY(remember(s, &here));
    fv_status status = fv_names_read(folder, &names);
    if (status == FV_NO_MEMORY) return status;
    if (status != FV_OK) return s->visit(s->user, folder, status);
    for (size_t i = 0; status == FV_OK && i < names.n; i++) {
        const fv_name *name = &names.names[i];
        if (name->folder)
            status = search_folder(s, name->path, name->link, &here);
        else if (fv_is_picture_name(name->name))
            status = s->visit(s->user, name->path, FV_OK);
    }
    fv_names_free(&names);
    return status;
}

/* The folders above `folder`, by as many ".." as it takes to stay where one is: at the root. */
static fv_status remember_above(search *s, const char *folder) {
    char *path = fv_path_join(folder, "..");
    struct stat info;
    place last = {0};
    fv_status status = path ? FV_OK : FV_NO_MEMORY;
    while (status == FV_OK && stat(path, &info) == 0) {
        place here = {NULL, info.st_dev, info.st_ino};
        if (s->n_followed && same(&here, &last)) break;
        status = remember(s, &here);
        last = here;
        char *next = status == FV_OK ? fv_path_join(path, "..") : NULL;
        fv_free(path);
        if (!(path = next)) status = FV_NO_MEMORY;
    }
    fv_free(path);
    return status;
}

fv_status fv_each_picture(const char *folder, fv_picture_visit visit, void *user) {
    search s = {.visit = visit, .user = user};
    fv_status status = remember_above(&s, folder);
    if (status == FV_OK) status = search_folder(&s, folder, false, NULL);
    fv_free(s.followed);
    return status;
}
