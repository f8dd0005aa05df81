/* Encoded pictures with the pixels that another reader found in them (make_picture_fixtures.py), and what every decoder has
 * to stand with each. */
#ifndef IMAGE_FIXTURE_H
#define IMAGE_FIXTURE_H

#include "core/status.h"

typedef struct fixture {
    const char *name;
    const uint8_t *file;
    size_t count;
    int width, height, channels, depth;
    const void *pixels; /* uint8_t or, where depth is 16, uint16_t */
} fixture;

/* All of these fail the test with the fixture's name. */

void fixture_is_read(const fixture *f);
/* A file that ends early is refused, or gives the same picture where only what matters to none was cut off. */
void fixture_is_read_whole_or_not(const fixture *f);
/* With any bit of the file turned over (of its first and last 256 bytes, where headers and TIFF's directory lie): a picture,
 * or a failure in one line. */
void fixture_survives_flipped_bits(const fixture *f);
/* With any one allocation failing: FV_NO_MEMORY or, from within a library, FV_BAD_DATA. */
void fixture_survives_failing_allocations(const fixture *f);

/* Bytes that must be refused with this code and a message that has this part. */
void refuse_bytes(const void *bytes, size_t count, fv_status status, const char *part);

#endif
