#include "text.h"

#include "core/suggest.h"
#include "core/utf8.h"
#include "data/bad.h"
#include "data/dataset.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

void cli_say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

const char *cli_count(unsigned long long number, char text[32]) {
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%llu", number);
    char *out = text;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

const char *cli_duration(double seconds, char text[32]) {
    unsigned long s = seconds > 0 && seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 0;
    if (s < 3600)
        snprintf(text, 32, "%lu:%02lu", s / 60, s % 60);
    else
        snprintf(text, 32, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    return text;
}

const char *cli_did_you_mean(const char *word, const char *const *names, size_t n, char text[96]) {
    const char *near = fv_suggest(word, names, n);
    snprintf(text, 96, "%s%s%s", near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
    return text;
}

/* Bytes of the printable character that the text begins with, 0 if there is none. U+0080..9F control terminals too. */
static int printable(const char *text) {
    char start[5] = "";
    for (int n = 1; n <= 4 && text[n - 1]; n++) {
        start[n - 1] = text[n - 1];
        if (fv_is_utf8(start)) return n == 1 ? *text >= ' ' && *text != 127 : memcmp(text, "\xc2\xa0", 2) < 0 ? 0 : n;
    }
    return 0;
}

void cli_print_plain(FILE *out, const char *text) {
    for (int n; *text; text += n ? n : 1) {
        if ((n = printable(text)))
            fwrite(text, 1, (size_t)n, out);
        else if (*text == '\n' || *text == '\t')
            fputs(*text == '\n' ? "\\n" : "\\t", out);
        else
            fprintf(out, "\\x%02x", (unsigned char)*text);
    }
}

void cli_say_bad_file(const fv_bad_file *file) {
    fputs("left out: ", stderr);
    cli_print_plain(stderr, file->path);
    fprintf(stderr, ": %s\n", file->reason);
}

void cli_say_bad_files(const fv_dataset *set) {
    for (fv_bad_file file; fv_bad_tell(set->bad, &file);) cli_say_bad_file(&file);
}

void cli_print_json(FILE *out, const char *text) {
    bool utf8 = fv_is_utf8(text);
    fputc('"', out);
    for (const unsigned char *c = (const void *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < ' ')
            fprintf(out, "\\u%04x", *c);
        else
            fputc(utf8 || *c < 0x80 ? *c : '?', out);
    }
    fputc('"', out);
}

void cli_print_csv(FILE *out, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

void cli_print_number(FILE *out, double number) {
    if (isfinite(number))
        fprintf(out, "%.6g", number);
    else
        fputs("null", out);
}
