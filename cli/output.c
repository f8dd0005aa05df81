/* A stream keeps of a chunk that could not be written nothing but that it was: so the chunks are written here. */
#include "output.h"

#include "core/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int lost; /* why the first chunk was that could not be written; 0: none was */

static ssize_t write_chunk(void *cookie, const char *bytes, size_t count) {
    size_t done;
    (void)cookie;
    if (!fv_write_all(STDOUT_FILENO, bytes, count, &done) && !lost) lost = errno;
    return (ssize_t)done;
}

/* Without memory for it the stream stays as it is, and its reasons unknown. */
void cli_output_begin(void) {
    FILE *out = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_chunk});
    if (!out) return;
    setvbuf(out, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
    stdout = out;
}

fv_status cli_output_end(void) {
    errno = 0;
    bool flushed = fflush(stdout) == 0;
    int reason = lost ? lost : errno;
    if (flushed && !ferror(stdout)) return FV_OK;
    return fv_fail(FV_IO_ERROR, "standard output: %s", reason ? strerror(reason) : "could not be written");
}
