#include "files.h"

#include "core/file.h"

typedef struct counting {
    fv_picture_visit visit;
    void *user;
    size_t found;
} counting;

static fv_status count(void *user, const char *path, fv_status status) {
    counting *c = user;
    c->found += status == FV_OK;
    return c->visit(c->user, path, status);
}

fv_status cli_each_picture(const char *path, fv_picture_visit visit, void *user) {
    counting c = {visit, user, 0};
    if (!fv_is_folder(path)) return visit(user, path, FV_OK);
    FV_TRY(fv_each_picture(path, count, &c));
    if (c.found) return FV_OK;
    return visit(user, path,
                 fv_fail(FV_BAD_DATA, "%s: no pictures (JPEG, PNG, WebP, TIFF, BMP or PNM) in this folder", path));
}
