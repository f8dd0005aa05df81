#include "http.h"

#if FOVEA_CURL

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { OK = 200, PARTIAL = 206, NO_SUCH_RANGE = 416, FIRST_FAILURE = 400 };
enum { CONNECT_SECONDS = 20, SILENT_SECONDS = 60, MOST_REDIRECTS = 5 };

/* ---- The library ------------------------------------------------------------------------------------------------- */

typedef struct library {
    CURL *(*init)(void);
    CURLcode (*set)(CURL *, CURLoption, ...);
    CURLcode (*perform)(CURL *);
    CURLcode (*info)(CURL *, CURLINFO, ...);
    void (*cleanup)(CURL *);
} library;

static const char *const file_names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
static const struct symbol {
    const char *name;
    size_t offset;
} symbols[] = {{"curl_easy_init", offsetof(library, init)},
               {"curl_easy_setopt", offsetof(library, set)},
               {"curl_easy_perform", offsetof(library, perform)},
               {"curl_easy_getinfo", offsetof(library, info)},
               {"curl_easy_cleanup", offsetof(library, cleanup)}};

/* It stays till the program ends. */
static fv_status load(library *lib) {
    void *file = NULL;
    for (size_t i = 0; !file && i < sizeof file_names / sizeof *file_names; i++)
        file = dlopen(file_names[i], RTLD_NOW | RTLD_LOCAL);
    if (!file) return fv_fail(FV_UNSUPPORTED, "downloading needs %s, which is not installed", file_names[0]);
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *address = dlsym(file, symbols[i].name);
        if (!address) return fv_fail(FV_UNSUPPORTED, "%s: has no %s", file_names[0], symbols[i].name);
        memcpy((char *)lib + symbols[i].offset, &address, sizeof address);
    }
    return FV_OK;
}

/* ---- A transfer -------------------------------------------------------------------------------------------------- */

typedef struct transfer {
    cli_http *request;
    library lib;
    CURL *handle;
    bool begun, ranged;
    size_t at; /* ranged: the first byte, by the answer's head */
    fv_status status;
    char reason[CURL_ERROR_SIZE];
} transfer;

static long response_code(const transfer *t) {
    long code = 0;
    t->lib.info(t->handle, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

/* A line of the head; each redirection brings a head of its own. */
static size_t on_head(char *line, size_t one, size_t count, void *user) {
    static const char key[] = "content-range:";
    transfer *t = user;
    char text[64];
    size_t from = strlen(key);
    (void)one;
    if (count >= 5 && memcmp(line, "HTTP/", 5) == 0) t->ranged = false;
    if (count <= from || strncasecmp(line, key, from) != 0) return count;
    snprintf(text, sizeof text, "%.*s", (int)(count - from), line + from);
    t->ranged = sscanf(text, " bytes %zu-", &t->at) == 1;
    return count;
}

static fv_status begin(transfer *t) {
    cli_http *r = t->request;
    long code = response_code(t);
    t->begun = true;
    if (code == OK) return r->begin(r->user, 0);
    if (code == PARTIAL && t->ranged && t->at == r->from) return r->begin(r->user, r->from);
    r->no_range = r->from && code == PARTIAL;
    return fv_fail(FV_BAD_DATA, "%s: the server answers %ld%s", r->url, code,
                   code == PARTIAL ? ", with other bytes than it was asked for" : "");
}

static size_t on_body(char *bytes, size_t one, size_t count, void *user) {
    transfer *t = user;
    (void)one;
    if (!t->begun) t->status = begin(t);
    if (t->status == FV_OK) t->status = t->request->take(t->request->user, bytes, count);
    return t->status == FV_OK ? count : count ? 0 : 1; /* another number than `count` ends the transfer */
}

static CURLcode prepare(transfer *t) {
    const cli_http *r = t->request;
    bool safe = strncasecmp(r->url, "https:", 6) == 0;
    char range[32];
    snprintf(range, sizeof range, "%zu-", r->from);
    CURLcode failed = CURLE_OK;
#define SET(option, value) failed = failed ? failed : t->lib.set(t->handle, option, value)
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, safe ? "https" : "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS);
    SET(CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L); /* bytes a second */
    SET(CURLOPT_LOW_SPEED_TIME, (long)SILENT_SECONDS);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FAILONERROR, 1L);
    SET(CURLOPT_USERAGENT, "fovea");
    SET(CURLOPT_ERRORBUFFER, t->reason);
    SET(CURLOPT_HEADERFUNCTION, on_head);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    if (r->from) SET(CURLOPT_RANGE, range);
#undef SET
    return failed;
}

static fv_status perform(transfer *t) {
    cli_http *r = t->request;
    CURLcode failed = prepare(t);
    if (!failed) failed = t->lib.perform(t->handle);
    if (t->status != FV_OK) return t->status;
    if (!failed) return t->begun ? FV_OK : begin(t);
    long code = response_code(t);
    r->no_range = r->from && code == NO_SUCH_RANGE;
    if (code >= FIRST_FAILURE) return fv_fail(FV_BAD_DATA, "%s: the server answers %ld", r->url, code);
    return fv_fail(FV_BAD_DATA, "%s: %s", r->url, *t->reason ? t->reason : "libcurl could not be set up");
}

fv_status cli_http_get(cli_http *request) {
    transfer t = {.request = request};
    request->no_range = false;
    FV_TRY(load(&t.lib));
    if (!(t.handle = t.lib.init())) return fv_fail(FV_NO_MEMORY, "%s: libcurl could not be started", request->url);
    fv_status status = perform(&t);
    t.lib.cleanup(t.handle);
    return status;
}

#else

fv_status cli_http_get(cli_http *request) {
    (void)request;
    return fv_fail(FV_UNSUPPORTED, "downloading needs libcurl, which this fovea was built without: install "
                                   "libcurl4-openssl-dev (`make deps`) and build again");
}

#endif
