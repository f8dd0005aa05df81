/* Pictures small enough to lie in a page. */
#ifndef REPORT_THUMBNAIL_H
#define REPORT_THUMBNAIL_H

#include "data/dataset.h"
#include "report/text.h"

enum { FV_THUMBNAIL = 128 }; /* pixels of the larger side, at most */

/* Image `index` as the address of an <img>: "data:image/png;base64,...", gray or color, 8 bits, transparent pixels white.
 * *side is the larger one. A file that can no longer be read is FV_BAD_DATA or FV_IO_ERROR. */
fv_status fv_thumbnail_put(fv_text *text, const fv_dataset *set, size_t index, int *side);

#endif
