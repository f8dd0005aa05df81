#include "image/decode.h"

#include "core/file.h"
#include "core/memory.h"
#include "image/formats.h"

#include <string.h>

enum { FILE_LIMIT = 1 << 29 };

/* How a format begins. Those without a decoder are here to be named. */
typedef struct format {
    const char *name;
    const char *start;
    size_t length;
    fv_status (*decode)(const void *bytes, size_t count, const fv_decode_want *want, fv_image *image);
} format;

static const format formats[] = {
    {"PNG", "\x89PNG\r\n\x1a\n", 8, fv_png_decode},
    {"PBM (text)", "P1", 2, fv_pnm_decode},
    {"PGM (text)", "P2", 2, fv_pnm_decode},
    {"PPM (text)", "P3", 2, fv_pnm_decode},
    {"PBM", "P4", 2, fv_pnm_decode},
    {"PGM", "P5", 2, fv_pnm_decode},
    {"PPM", "P6", 2, fv_pnm_decode},
    {"PAM", "P7", 2, fv_pnm_decode},
    {"JPEG", "\xff\xd8\xff", 3, fv_jpeg_decode},
    {"GIF", "GIF8", 4, NULL},
    {"BMP", "BM", 2, fv_bmp_decode},
    {"TIFF", "II*\0", 4, fv_tiff_decode},
    {"TIFF", "MM\0*", 4, fv_tiff_decode},
    {"BigTIFF", "II+\0", 4, fv_tiff_decode},
    {"BigTIFF", "MM\0+", 4, fv_tiff_decode},
    {"WebP", "RIFF", 4, fv_webp_decode},
};

fv_status fv_image_decode(const void *bytes, size_t count, const char *name, const fv_decode_want *want,
                          fv_image *image) {
    *image = (fv_image){0};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const format *f = &formats[i];
        if (count < f->length || memcmp(bytes, f->start, f->length) != 0) continue;
        if (!f->decode)
            return fv_fail(FV_UNSUPPORTED, "%s: %s images cannot be read yet: convert to PNG", name, f->name);
        fv_status status = f->decode(bytes, count, want, image);
        return status == FV_OK ? FV_OK : fv_fail_in(status, "%s: %s", name, f->name);
    }
    return fv_fail(FV_BAD_DATA, "%s: not an image (JPEG, PNG, WebP, TIFF, BMP or PNM)", name);
}

fv_status fv_image_read(const char *path, const fv_decode_want *want, fv_image *image) {
    *image = (fv_image){0};
    size_t count;
    void *bytes = fv_file_read(path, FILE_LIMIT, &count);
    if (!bytes) return fv_last_status();
    fv_status status = fv_image_decode(bytes, count, path, want, image);
    fv_free(bytes);
    return status;
}
