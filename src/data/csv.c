#include "data/csv.h"

#include <string.h>

fv_status fv_csv_begin(fv_csv *c, char *text, size_t bytes, const char *name) {
    *c = (fv_csv){.name = name, .at = text, .end = text + bytes, .next_line = 1};
    if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) c->at += 3;
    if (!memchr(text, '\0', bytes)) return FV_OK;
    return fv_fail(FV_BAD_DATA, "%s: holds NULs, so it is no text: save it as comma-separated values in UTF-8", name);
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool ends_line(char c) { return c == '\n' || c == '\r'; }

/* Past a line ending, which may be two characters. */
static void skip_line_end(fv_csv *c) {
    c->at += c->at + 1 < c->end && c->at[0] == '\r' && c->at[1] == '\n' ? 2 : 1;
    c->next_line++;
}

static fv_status quoted_field(fv_csv *c, char **field) {
    char *to = ++c->at;
    for (*field = to;; *to++ = *c->at++) {
        if (c->at == c->end) return fv_fail(FV_BAD_DATA, "%s: line %zu: a quote is not closed", c->name, c->line);
        c->next_line += *c->at == '\n';
        if (*c->at != '"') continue;
        if (*++c->at != '"') break; /* two are one; past the end there is a NUL */
    }
    *to = '\0';
    while (c->at < c->end && is_blank(*c->at)) c->at++;
    if (c->at == c->end || *c->at == ',' || ends_line(*c->at)) return FV_OK;
    return fv_fail(FV_BAD_DATA, "%s: line %zu: text after a closing quote", c->name, c->line);
}

/* *end: where its NUL goes, once what stands there has been looked at. */
static void bare_field(fv_csv *c, char **field, char **end) {
    *field = c->at;
    while (c->at < c->end && *c->at != ',' && !ends_line(*c->at)) c->at++;
    for (*end = c->at; *end > *field && is_blank((*end)[-1]);) --*end;
}

/* One field and the separator behind it; *last: the record ends here. */
static fv_status read_field(fv_csv *c, bool *last) {
    char *end = NULL, **field = &c->fields[c->n];
    if (c->n == FV_CSV_FIELDS)
        return fv_fail(FV_BAD_DATA, "%s: line %zu: more than %d fields", c->name, c->line, FV_CSV_FIELDS);
    while (c->at < c->end && is_blank(*c->at)) c->at++;
    if (*c->at == '"' && c->at < c->end)
        FV_TRY(quoted_field(c, field));
    else
        bare_field(c, field, &end);
    *last = c->at == c->end || ends_line(*c->at);
    if (c->at < c->end && *last)
        skip_line_end(c);
    else if (!*last)
        c->at++;
    if (end) *end = '\0';
    c->n++;
    return FV_OK;
}

fv_status fv_csv_next(fv_csv *c) {
    bool last = false;
    c->n = 0;
    while (c->at < c->end && ends_line(*c->at)) skip_line_end(c);
    c->line = c->next_line;
    if (c->at == c->end) return FV_OK;
    while (!last) FV_TRY(read_field(c, &last));
    return FV_OK;
}

int fv_csv_column(const fv_csv *c, const char *const *names) {
    for (; *names; names++)
        for (int i = 0; i < c->n; i++)
            if (strcasecmp(c->fields[i], *names) == 0) return i;
    return -1;
}

fv_status fv_csv_check_path(const fv_csv *c, const char *path) {
    if (!*path) return fv_fail(FV_BAD_DATA, "%s: line %zu: the path is empty", c->name, c->line);
    bool leaves = *path == '/';
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        leaves = leaves || (strncmp(part, "..", 2) == 0 && (part[2] == '/' || !part[2]));
    if (!leaves) return FV_OK;
    return fv_fail(FV_BAD_DATA, "%s: line %zu: path '%s': must lie in the folder of the file, or below it", c->name,
                   c->line, path);
}
