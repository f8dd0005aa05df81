/* Comma-separated values (RFC 4180), a record at a time: quotes, a byte order mark, any line ending, blank lines; blanks
 * around a bare field do not belong to it. */
#ifndef DATA_CSV_H
#define DATA_CSV_H

#include "core/status.h"

enum { FV_CSV_FIELDS = 64 };

typedef struct fv_csv {
    const char *name; /* for messages */
    char *at, *end;   /* what is left; taken apart in place */
    size_t line;      /* the record's first, from 1 */
    size_t next_line;
    int n;
    char *fields[FV_CSV_FIELDS]; /* of the record; NUL-terminated */
} fv_csv;

/* `text` has a NUL at text[bytes], and none before; it is overwritten, and must outlive the fields. */
fv_status fv_csv_begin(fv_csv *csv, char *text, size_t bytes, const char *name);
/* Reads the next record; n is 0 at the end. Refuses an open quote, text after a closing one, too many fields. */
fv_status fv_csv_next(fv_csv *csv);
/* The column of the first of `names` (NULL-terminated, in any case) in the record, -1 if there is none. */
int fv_csv_column(const fv_csv *csv, const char *const *names);
/* Refuses a path that is empty, or leads out of the folder it is relative to. */
fv_status fv_csv_check_path(const fv_csv *csv, const char *path);

#endif
