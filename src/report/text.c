#include "report/text.h"

#include "core/memory.h"
#include "core/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fv_text_free(fv_text *text) {
    fv_free(text->at);
    text->at = NULL;
}

/* Where `more` bytes may be written; NULL on failure. */
static char *extend(fv_text *t, size_t more) {
    size_t room = t->room ? t->room : 4096, wanted;
    if (t->status != FV_OK) return NULL;
    if (!fv_size_add(t->length, more, &wanted)) wanted = SIZE_MAX;
    while (room < wanted && fv_size_mul(room, 2, &room)) {}
    if (room > t->room) {
        char *larger = fv_realloc(t->at, room < wanted ? wanted : room, 1);
        if (!larger) t->status = FV_NO_MEMORY;
        if (!larger) return NULL;
        t->at = larger;
        t->room = room;
    }
    t->length += more;
    return t->at + t->length - more;
}

static void add(fv_text *t, const void *bytes, size_t count) {
    char *to = extend(t, count);
    if (to) memcpy(to, bytes, count);
}

void fv_text_add(fv_text *t, const char *markup) { add(t, markup, strlen(markup)); }

void fv_text_format(fv_text *t, const char *format, ...) {
    char line[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < sizeof line)
        add(t, line, (size_t)length);
    else if (t->status == FV_OK)
        t->status = fv_fail(FV_BAD_ARGUMENT, "a line of more than %zu bytes of markup", sizeof line);
}

/* ---- Anybody's words -------------------------------------------------------------------------------------------------- */

static const char unknown[] = "\xef\xbf\xbd"; /* U+FFFD */

static const char *reference(char c) {
    static const struct {
        char is;
        const char *reference;
    } own[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (own[i].is == c) return own[i].reference;
    return NULL;
}

/* Control characters of ASCII and of Latin-1 (U+0080..9F), and U+200E, F, 202A..E, 2066..9, by which words can look like
 * others. */
static bool is_hidden(const unsigned char *c, size_t length) {
    if (length == 1) return c[0] < ' ' || c[0] == 0x7f;
    if (length == 2) return c[0] == 0xc2 && c[1] < 0xa0;
    if (length != 3 || c[0] != 0xe2) return false;
    return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xaa && c[2] <= 0xae))) ||
           (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

void fv_text_some(fv_text *t, const char *words, size_t left) {
    for (size_t length; left > 0; words += length, left -= length) {
        const char *own = reference(*words);
        length = fv_utf8_length(words, left);
        bool shown = length > 0 && !is_hidden((const unsigned char *)words, length);
        if (length == 0) length = 1;
        if (own || !shown)
            fv_text_add(t, own ? own : unknown);
        else
            add(t, words, length);
    }
}

void fv_text_words(fv_text *t, const char *words) { fv_text_some(t, words, strlen(words)); }

/* ---- Bytes and numbers ------------------------------------------------------------------------------------------------ */

void fv_text_base64(fv_text *t, const void *bytes, size_t count) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *from = bytes;
    char *to = extend(t, (count / 3 + (count % 3 > 0)) * 4); /* an image's bytes: no overflow */
    for (size_t i = 0; to && i < count; i += 3) {
        size_t left = count - i;
        uint32_t three =
            (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);
        for (size_t digit = 0; digit < 4; digit++, three <<= 6) *to++ = digit > left ? '=' : digits[three >> 18 & 63];
    }
}

void fv_text_count(fv_text *t, unsigned long long number) {
    if (number >= 1000) fv_text_count(t, number / 1000);
    fv_text_format(t, number >= 1000 ? ",%03llu" : "%llu", number % 1000);
}
