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

#endif
