#include "formats/event_file.h"

#include <string.h>

/* ---- Records ----------------------------------------------------------------------------------------------------- */

uint32_t fv_masked_crc32c(const void *bytes, size_t count) {
    uint32_t crc = 0xffffffffu;
    for (const unsigned char *at = bytes; count > 0; count--) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0x82f63b78u & -(crc & 1));
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static unsigned char *put_fixed(unsigned char *at, uint64_t number, int bytes) {
    for (int i = 0; i < bytes; i++) *at++ = (unsigned char)(number >> 8 * i);
    return at;
}

enum { BEFORE = 12, BEHIND = 4 }; /* bytes of a record around its message */

/* Frames the message that was written behind `out` + BEFORE, up to `end`. */
static size_t frame(unsigned char *out, unsigned char *end) {
    size_t length = (size_t)(end - out) - BEFORE;
    put_fixed(out, length, 8);
    put_fixed(out + 8, fv_masked_crc32c(out, 8), 4);
    end = put_fixed(end, fv_masked_crc32c(out + BEFORE, length), 4);
    return (size_t)(end - out);
}

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 }; /* wire types */
#define KEY(field, type) ((unsigned char)((field) << 3 | (type)))

static unsigned char *put_varint(unsigned char *at, uint64_t number) {
    for (; number > 127; number >>= 7) *at++ = (unsigned char)(number | 128);
    *at++ = (unsigned char)number;
    return at;
}

static unsigned char *put_bytes(unsigned char *at, int field, const void *bytes, size_t count) {
    *at++ = KEY(field, BYTES);
    at = put_varint(at, count);
    memcpy(at, bytes, count);
    return at + count;
}

/* What every event begins with. */
static unsigned char *put_time(unsigned char *out, double time, uint64_t step) {
    uint64_t bits;
    unsigned char *at = out + BEFORE;
    memcpy(&bits, &time, sizeof bits);
    *at++ = KEY(1, FIXED64);
    at = put_fixed(at, bits, 8);
    *at++ = KEY(2, VARINT);
    return put_varint(at, step);
}

size_t fv_event_version(unsigned char *out, double time) {
    static const char version[] = "brain.Event:2";
    return frame(out, put_bytes(put_time(out, time, 0), 3, version, sizeof version - 1));
}

size_t fv_event_start(unsigned char *out, double time, uint64_t step) {
    static const unsigned char session[] = {KEY(1, VARINT), 1};
    return frame(out, put_bytes(put_time(out, time, step), 7, session, sizeof session));
}

size_t fv_event_scalar(unsigned char *out, double time, uint64_t step, const char *tag, float value) {
    unsigned char point[FV_EVENT_TAG + 7], summary[FV_EVENT_TAG + 9], *at;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    at = put_bytes(point, 1, tag, strnlen(tag, FV_EVENT_TAG));
    *at++ = KEY(2, FIXED32);
    at = put_fixed(at, bits, 4);
    at = put_bytes(summary, 1, point, (size_t)(at - point));
    return frame(out, put_bytes(put_time(out, time, step), 5, summary, (size_t)(at - summary)));
}

/* wall_time, step, two lengths and keys, the summary: all of the longest record */
_Static_assert(BEFORE + 9 + 11 + 2 + FV_EVENT_TAG + 9 + BEHIND <= FV_EVENT_BYTES, "a record fits");
