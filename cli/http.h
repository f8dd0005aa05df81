/* A GET over HTTP or HTTPS, by libcurl. It is loaded when it is first wanted: it brings some thirty libraries, which would
 * cost every start of the program their linking. */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include "core/status.h"

typedef struct cli_http {
    const char *url;
    size_t from;                               /* the first byte wanted */
    fv_status (*begin)(void *user, size_t at); /* the body begins with byte `at` of the file: `from`, or 0 */
    fv_status (*take)(void *user, const void *bytes, size_t count);
    void *user;
    bool no_range; /* out: the server has no bytes from `from` on */
} cli_http;

/* Fails as begin and take do; with FV_BAD_DATA where the other side is to blame, or the way there; with FV_UNSUPPORTED
 * where there is no libcurl. An https address never leads to another kind; a minute of silence is a failure. */
fv_status cli_http_get(cli_http *request);

#endif
