/* What the files of the TIFF decoder share. */
#ifndef IMAGE_TIFF_H
#define IMAGE_TIFF_H

#include "image/image.h"

#include <tiffio.h>

enum { FV_TIFF_COLORS = 4, FV_TIFF_LINES = FV_TIFF_COLORS + 1 };

/* How samples lie in a strip or tile, and what they mean. */
typedef struct fv_tiff_layout {
    uint32_t width, height;
    uint16_t bits, samples; /* of a sample; of a pixel */
    uint16_t photometric, compression, orientation;
    bool separate;      /* a plane for each sample, instead of pixels */
    int colors;         /* the first so many samples */
    int alpha;          /* the sample that is alpha; 0: none */
    bool premultiplied; /* by alpha */
    const uint16_t *map[3];
    int map_shift; /* from the map's numbers to 8 bits */
} fv_tiff_layout;

/* From the tags of the directory that is open. Refuses what the decoder cannot do, for a reason. */
fv_status fv_tiff_read_layout(TIFF *tiff, fv_tiff_layout *layout);

/* The image it comes to: 1..4 channels. */
int fv_tiff_channels(const fv_tiff_layout *layout);
int fv_tiff_depth(const fv_tiff_layout *layout);

/* `count` pixels to `out`, an image's bytes there: from `row`, where the samples of a pixel lie side by side, or, where they
 * are separate, begin `plane` bytes after one another. `lines`: [FV_TIFF_LINES, count] for its own use. */
void fv_tiff_pixels(const fv_tiff_layout *layout, const uint8_t *row, size_t plane, size_t count, uint16_t *lines,
                    uint8_t *out);

/* What the bytes can make libtiff 4.5 allocate without a picture in them, which has no limit of its own for it: bytes
 * that the first directory's tags claim, each at most the file's size, but 4096 tags. */
size_t fv_tiff_claims(const uint8_t *bytes, size_t count);
/* The largest window that a Zstandard frame in the bytes asks for, wherever one begins. */
size_t fv_tiff_zstd_window(const uint8_t *bytes, size_t count);
/* How many scans of JPEG data begin in the bytes, or look as if they did. */
size_t fv_tiff_jpeg_scans(const uint8_t *bytes, size_t count);

#endif
