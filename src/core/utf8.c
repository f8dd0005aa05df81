#include "core/utf8.h"

#include <stdint.h>
#include <string.h>

size_t fv_utf8_length(const char *at, size_t left) {
    static const struct {
        unsigned char first, last, low, high; /* of the lead byte; of the byte after it */
        size_t length;
    } forms[] = {
        {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *byte = (const unsigned char *)at;
    size_t form = 0, forms_count = sizeof forms / sizeof *forms;
    while (form < forms_count && (byte[0] < forms[form].first || byte[0] > forms[form].last)) form++;
    if (form == forms_count || forms[form].length > left) return 0;
    size_t length = forms[form].length;
    if (length > 1 && (byte[1] < forms[form].low || byte[1] > forms[form].high)) return 0;
    for (size_t i = 2; i < length; i++)
        if ((byte[i] & 0xc0) != 0x80) return 0;
    return length;
}

bool fv_is_utf8(const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        size_t length = fv_utf8_length(text, left);
        if (length == 0) return false;
        text += length;
        left -= length;
    }
    return true;
}

bool fv_has_control(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f) return true;
    return false;
}
