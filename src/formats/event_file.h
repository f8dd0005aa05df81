/* TensorBoard's event files: TFRecords, each with a protocol buffer `Event`
 * (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto, summary.proto):
 *
 *     record  = length of message (8 bytes), its masked CRC-32C (4), message, its masked CRC-32C (4); little-endian
 *     Event   = 1: wall_time (double)  2: step (varint)  3: file_version (text) | 5: summary | 7: session_log
 *     summary = 1: { 1: tag (text)  2: simple_value (float) }        session_log = 1: status, START = 1 */
#ifndef FORMATS_EVENT_FILE_H
#define FORMATS_EVENT_FILE_H

#include <stddef.h>
#include <stdint.h>

enum { FV_EVENT_BYTES = 128, FV_EVENT_TAG = 48 }; /* the longest record; the longest tag, what is longer is cut */

/* Each writes one record to `out`, of FV_EVENT_BYTES, and returns its length. `time` in seconds since 1970. */

/* A file's first: the version that says that restarts are marked. */
size_t fv_event_version(unsigned char *out, double time);
/* From here on the points of earlier files with this step or a later one count no more. */
size_t fv_event_start(unsigned char *out, double time, uint64_t step);
/* One point of a curve. */
size_t fv_event_scalar(unsigned char *out, double time, uint64_t step, const char *tag, float value);

/* The checksum of a record: CRC-32C (Castagnoli), rotated and moved so that one of a text with checksums is no such checksum. */
uint32_t fv_masked_crc32c(const void *bytes, size_t count);

#endif
