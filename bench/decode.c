/* How fast pictures are decoded, files in memory, one thread: images/s over at least a second. `decode SIDE FILE...`: to all
 * pixels if SIDE is 0, else fast, to no less than SIDE x SIDE. */
#include "image/decode.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_LIMIT = 1 << 28 };

typedef struct picture {
    void *bytes;
    size_t count;
} picture;

static bool decode_all(const picture *pictures, int count, const fv_decode_want *want) {
    for (int i = 0; i < count; i++) {
        fv_image image;
        if (fv_image_decode(pictures[i].bytes, pictures[i].count, "picture", want, &image) != FV_OK) return false;
        fv_image_free(&image);
    }
    return true;
}

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "usage: decode SIDE FILE...\n"), 2;
    int side = atoi(argv[1]), count = argc - 2;
    fv_decode_want want = {.fast = side > 0, .width = side, .height = side};
    picture *pictures = FV_NEW_N(picture, (size_t)count);
    bool good = pictures != NULL;
    for (int i = 0; good && i < count; i++)
        good = (pictures[i].bytes = fv_file_read(argv[2 + i], FILE_LIMIT, &pictures[i].count)) != NULL;
    good = good && decode_all(pictures, count, &want); /* warm */
    double begin = fv_seconds(), seconds = 0.0;
    long decoded = 0;
    for (; good && seconds < 1.0; decoded += count, seconds = fv_seconds() - begin)
        good = decode_all(pictures, count, &want);
    if (good)
        printf("%.1f\n", (double)decoded / seconds);
    else
        fprintf(stderr, "decode: %s\n", fv_error());
    for (int i = 0; pictures && i < count; i++) fv_free(pictures[i].bytes);
    fv_free(pictures);
    return good ? 0 : 1;
}
