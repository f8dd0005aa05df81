#include "formats/quote.h"

#include "core/utf8.h"

#include <string.h>

static size_t encode(uint32_t point, char *out) {
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6) out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(0xf00u >> length | point); /* 110xxxxx, 1110xxxx, 11110xxx */
    return length;
}

/* The four digits after "\u"; -1 if they are not there. */
static int32_t hex4(const char *at, const char *end) {
    if (end - at < 4) return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = memchr(digits, at[i], sizeof digits - 1);
        if (!digit) return -1;
        value = value << 4 | (int32_t)((digit - digits) & 15);
    }
    return value;
}

/* Code point of the "\uXXXX" or pair of surrogates at *at, which moves past it; 0 if it is not one or is U+0000. */
static uint32_t unicode_escape(const char **at, const char *end) {
    int32_t high = hex4(*at + 2, end);
    if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff)) return 0;
    if (high < 0xd800 || high > 0xdbff) {
        *at += 6;
        return (uint32_t)high;
    }
    int32_t low = end - *at >= 12 && (*at)[6] == '\\' && (*at)[7] == 'u' ? hex4(*at + 8, end) : -1;
    if (low < 0xdc00 || low > 0xdfff) return 0;
    *at += 12;
    return 0x10000u + ((uint32_t)(high - 0xd800) << 10 | (uint32_t)(low - 0xdc00));
}

static const char escaped[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";

static fv_status unescape(const char **at, const char *end, char **out) {
    if (end - *at < 2) return fv_fail(FV_BAD_DATA, "a string without its closing quote");
    const char *found = memchr(escaped, (*at)[1], sizeof escaped - 1);
    if (found) {
        *(*out)++ = meant[found - escaped];
        *at += 2;
        return FV_OK;
    }
    uint32_t point = (*at)[1] == 'u' ? unicode_escape(at, end) : 0;
    if (point == 0) return fv_fail(FV_BAD_DATA, "an escape in a string that is unknown, half a surrogate pair or NUL");
    *out += encode(point, *out);
    return FV_OK;
}

fv_status fv_unquote(const char **at, const char *end, char **out) {
    for ((*at)++; *at < end && **at != '"';) {
        if (**at == '\\') {
            FV_TRY(unescape(at, end, out));
            continue;
        }
        if ((unsigned char)**at < ' ') return fv_fail(FV_BAD_DATA, "a raw control character in a string");
        size_t length = fv_utf8_length(*at, (size_t)(end - *at));
        if (length == 0) return fv_fail(FV_BAD_DATA, "a string that is not UTF-8");
        memcpy(*out, *at, length);
        *out += length;
        *at += length;
    }
    if (*at >= end) return fv_fail(FV_BAD_DATA, "a string without its closing quote");
    (*at)++;
    *(*out)++ = '\0';
    return FV_OK;
}

/* The JSON form of one byte: itself, "\n" or "\u001f". */
static size_t escape(char byte, char form[6]) {
    static const char digits[] = "0123456789abcdef";
    const char *found = byte == '/' ? NULL : memchr(meant, byte, sizeof meant - 1);
    if (found) {
        form[0] = '\\';
        form[1] = escaped[found - meant];
        return 2;
    }
    form[0] = byte;
    if ((unsigned char)byte >= ' ') return 1;
    memcpy(form, "\\u00", 4);
    form[4] = digits[byte >> 4];
    form[5] = digits[byte & 15];
    return 6;
}

size_t fv_quote(const char *text, char *out) {
    size_t length = 1;
    if (out) out[0] = '"';
    for (; *text; text++) {
        char form[6];
        size_t bytes = escape(*text, form);
        if (out) memcpy(out + length, form, bytes);
        length += bytes;
    }
    if (out) out[length] = '"';
    return length + 1;
}
