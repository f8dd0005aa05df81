/* JSON's strings, the lexical level that the header of a safetensors file is read and written with. */
#ifndef FORMATS_QUOTE_H
#define FORMATS_QUOTE_H

#include "core/status.h"

/* Reads the JSON string whose opening quote is **at. Writes its text in UTF-8 and a NUL to *out, together never more
 * bytes than the string takes with its quotes; moves *out past them and *at past the closing quote. Refused, with *at
 * left at the offence: NUL (these are C strings), raw control characters, bad escapes, half surrogates, bad UTF-8. */
fv_status fv_unquote(const char **at, const char *end, char **out);

/* Writes `text` as a JSON string with its quotes to `out`, unless NULL. Returns its length; no NUL is written. */
size_t fv_quote(const char *text, char *out);

/* Length of the well-formed UTF-8 sequence at `at`, at most `left` bytes, 0 if there is none (Unicode 15, table 3-7: neither
 * overlong forms nor surrogates nor anything above U+10FFFF). */
size_t fv_utf8_length(const char *at, size_t left);
bool fv_is_utf8(const char *text);
bool fv_has_control(const char *text);

#endif
