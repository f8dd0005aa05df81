/* Text that grows: HTML in the making. A failure sticks: what is added after it is dropped, and one look at the end tells. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "core/status.h"

typedef struct fv_text {
    char *at; /* [room] bytes, the first `length` of them written; no NUL */
    size_t length, room;
    fv_status status;
} fv_text; /* zero-initialised is empty and ready */

void fv_text_free(fv_text *text);

/* As it is: markup. */
void fv_text_add(fv_text *text, const char *markup);
void fv_text_format(fv_text *text, const char *format, ...) FV_PRINTF(2, 3);
/* Anybody's words, as HTML's text or attribute: its own characters become references; control characters, bytes that are no
 * UTF-8 and marks that turn the direction of writing become U+FFFD. */
void fv_text_words(fv_text *text, const char *words);
void fv_text_some(fv_text *text, const char *words, size_t length); /* the first `length` bytes of them */
/* RFC 4648, with padding. */
void fv_text_base64(fv_text *text, const void *bytes, size_t count);
/* "60,000" */
void fv_text_count(fv_text *text, unsigned long long number);

#endif
