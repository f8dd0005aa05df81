#include "data/idx_files.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

size_t make_idx(uint8_t *out, int rank, const uint32_t *dims, size_t data, int modulus) {
    memcpy(out, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
    uint8_t *to = out + 4;
    for (int i = 0; i < rank; i++)
        for (int shift = 24; shift >= 0; shift -= 8) *to++ = (uint8_t)(dims[i] >> shift);
    for (size_t i = 0; i < data; i++) *to++ = (uint8_t)(i % (size_t)modulus);
    return (size_t)(to - out);
}

size_t gzip(const void *bytes, size_t count, uint8_t *out, size_t room) {
    z_stream z = {.next_in = (z_const Bytef *)bytes, .avail_in = (uInt)count, .next_out = out, .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t length = z.total_out;
    deflateEnd(&z);
    return length;
}

void make_mnist_folder(const char *folder, uint32_t count) {
    char path[4200];
    size_t pixels = (size_t)count * 28 * 28;
    uint8_t *bytes = malloc(16 + pixels);
    assert_non_null(bytes);
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/train-images-idx3-ubyte", folder);
    put_file(path, bytes, make_idx(bytes, 3, (uint32_t[]){count, 28, 28}, pixels, 251));
    snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte", folder);
    put_file(path, bytes, make_idx(bytes, 1, (uint32_t[]){count}, count, 10));
    free(bytes);
}
