/* Pictures small enough to lie in a page. */
#ifndef REPORT_THUMBNAIL_H
#define REPORT_THUMBNAIL_H

#include "image/image.h"
#include "report/text.h"

enum { FV_THUMBNAIL = 128 }; /* pixels of the larger side, at most */

/* *small, owned: gray or color, 8 bits, transparent pixels white. */
fv_status fv_thumbnail_make(const fv_image *image, fv_image *small);
/* An image of 8 bits as the address of an <img>: "data:image/png;base64,...". */
fv_status fv_thumbnail_put(fv_text *text, const fv_image *image);

#endif
