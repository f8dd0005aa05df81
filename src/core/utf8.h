/* Text in UTF-8: what is kept in files that other programs read, JSON's strings among them, is nothing else. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the well-formed UTF-8 sequence at `at`, at most `left` bytes, 0 if there is none (Unicode 15, table 3-7: neither
 * overlong forms nor surrogates nor anything above U+10FFFF). */
size_t fv_utf8_length(const char *at, size_t left);
bool fv_is_utf8(const char *text);
bool fv_has_control(const char *text);

#endif
