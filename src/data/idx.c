#include "data/idx.h"

#include "core/file.h"
#include "core/foreign.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { UNSIGNED_BYTES = 0x08, FILE_LIMIT = 1 << 30, INFLATE_BYTES = 1 << 16 /* zlib's window and state */ };

/* The file's bytes, inflated on the way if they are gzip's. */
typedef struct source {
    const char *name;
    bool gzip;
    bool over; /* gzip: the stream has ended and its checksum was right */
    z_stream z;
} source;

static fv_status source_open(source *s, const void *bytes, size_t count, const char *name) {
    const uint8_t *b = bytes;
    *s = (source){.name = name, .gzip = count >= 2 && b[0] == 0x1f && b[1] == 0x8b};
    if (count > FILE_LIMIT) return fv_fail(FV_BAD_DATA, "%s: %zu bytes; an IDX file may have 1 GiB", name, count);
    if (s->gzip && inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK)
        return fv_fail(FV_NO_MEMORY, "%s: out of memory for inflating", name);
    s->z.next_in = (z_const Bytef *)b;
    s->z.avail_in = (uInt)count;
    return FV_OK;
}

static void source_close(source *s) {
    if (s->gzip) inflateEnd(&s->z);
}

/* Up to `wanted` bytes; *got is less only where the data ends. */
static fv_status take(source *s, uint8_t *out, size_t wanted, size_t *got) {
    if (!s->gzip) {
        *got = wanted < s->z.avail_in ? wanted : s->z.avail_in;
        if (*got) memcpy(out, s->z.next_in, *got);
        s->z.next_in += *got;
        s->z.avail_in -= (uInt)*got;
        return FV_OK;
    }
    s->z.next_out = out;
    s->z.avail_out = (uInt)wanted;
    while (s->z.avail_out > 0 && !s->over) {
        int result = inflate(&s->z, Z_NO_FLUSH);
        s->over = result == Z_STREAM_END;
        if (result == Z_BUF_ERROR) break; /* the file ends before its stream does */
        if (result == Z_MEM_ERROR) return fv_fail(FV_NO_MEMORY, "%s: out of memory for inflating", s->name);
        if (result != Z_OK && result != Z_STREAM_END)
            return fv_fail(FV_BAD_DATA, "%s: damaged gzip data: %s", s->name, s->z.msg ? s->z.msg : "stream error");
    }
    *got = wanted - s->z.avail_out;
    return FV_OK;
}

static fv_status read_header(source *s, size_t count, int rank, fv_idx *idx) {
    uint8_t head[4 + 4 * FV_IDX_MAX_RANK];
    size_t wanted = 4 + 4 * (size_t)rank, got;
    FV_TRY(take(s, head, wanted, &got));
    if (got >= 4 && (head[0] || head[1] || head[2] != UNSIGNED_BYTES || head[3] != rank))
        return fv_fail(FV_BAD_DATA,
                       "%s: not an IDX file of %d dimensions: begins %02x%02x%02x%02x, expected 0000%02x%02x", s->name,
                       rank, head[0], head[1], head[2], head[3], UNSIGNED_BYTES, (unsigned)rank);
    if (got < wanted)
        return fv_fail(FV_BAD_DATA, "%s: truncated: its header has %zu bytes, got %zu", s->name, wanted, got);
    idx->rank = rank;
    idx->bytes = 1;
    for (int i = 0; i < rank; i++) {
        const uint8_t *d = head + 4 + 4 * i;
        idx->dims[i] = (size_t)d[0] << 24 | (size_t)d[1] << 16 | (size_t)d[2] << 8 | d[3];
        if (idx->dims[i] == 0) return fv_fail(FV_BAD_DATA, "%s: empty: dimension %d is 0", s->name, i);
        if (!fv_size_mul(idx->bytes, idx->dims[i], &idx->bytes)) idx->bytes = SIZE_MAX;
    }
    size_t limit = fv_foreign_limit(count) - count - INFLATE_BYTES;
    if (idx->bytes > limit || idx->bytes > FILE_LIMIT)
        return fv_fail(FV_BAD_DATA, "%s: claims %zu bytes of data, too many for a file of %zu bytes", s->name,
                       idx->bytes, count);
    return FV_OK;
}

static fv_status read_data(source *s, fv_idx *idx) {
    size_t got, beyond = 0;
    uint8_t extra;
    if (!(idx->data = fv_map(idx->bytes))) return FV_NO_MEMORY;
    FV_TRY(take(s, idx->data, idx->bytes, &got));
    if (got < idx->bytes)
        return fv_fail(FV_BAD_DATA, "%s: truncated: its header claims %zu bytes of data, it holds %zu", s->name,
                       idx->bytes, got);
    FV_TRY(take(s, &extra, 1, &beyond)); /* gzip: also reaches the checksum */
    if (beyond || s->z.avail_in)
        return fv_fail(FV_BAD_DATA, "%s: goes on after the %zu bytes of data that its header claims", s->name,
                       idx->bytes);
    if (s->gzip && !s->over) return fv_fail(FV_BAD_DATA, "%s: truncated: the gzip checksum is missing", s->name);
    return FV_OK;
}

fv_status fv_idx_parse(const void *bytes, size_t count, const char *name, int rank, fv_idx *idx) {
    *idx = (fv_idx){0};
    source s;
    FV_TRY(source_open(&s, bytes, count, name));
    fv_status status = read_header(&s, count, rank, idx);
    if (status == FV_OK) status = read_data(&s, idx);
    source_close(&s);
    if (status != FV_OK) fv_idx_free(idx);
    return status;
}

fv_status fv_idx_read(const char *path, int rank, fv_idx *idx) {
    *idx = (fv_idx){0};
    size_t count;
    void *bytes = fv_file_read(path, FILE_LIMIT, &count);
    if (!bytes) return fv_last_status();
    fv_status status = fv_idx_parse(bytes, count, path, rank, idx);
    fv_free(bytes);
    return status;
}

void fv_idx_free(fv_idx *idx) {
    fv_unmap(idx->data, idx->bytes);
    *idx = (fv_idx){0};
}
