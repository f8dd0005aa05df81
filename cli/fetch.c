#include "fetch.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/sha256.h"
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct part {
    const cli_known_file *file;
    const char *url, *path; /* of the .part */
    int fd;
    size_t have; /* its size */
    cli_progress *progress;
} part;

fv_status cli_check_file(const cli_known_file *file, const char *path) {
    char sum[FV_SHA256_TEXT];
    FV_TRY(fv_sha256_file(path, sum));
    if (strcmp(sum, file->sha256) == 0) return FV_OK;
    return fv_fail(FV_BAD_DATA, "not the %s that is known: SHA-256 %s, expected %s", file->name, sum, file->sha256);
}

static fv_status cut(part *p, size_t size) {
    p->have = size;
    if (ftruncate(p->fd, (off_t)size) == 0 && lseek(p->fd, (off_t)size, SEEK_SET) >= 0) return FV_OK;
    return fv_system_failure(p->path, "write", errno);
}

/* The lock goes with the descriptor: a program that dies leaves none. */
static fv_status open_part(part *p) {
    struct stat info;
    p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (p->fd < 0 || fstat(p->fd, &info) != 0) return fv_system_failure(p->path, "write", errno);
    if (!S_ISREG(info.st_mode)) return fv_fail(FV_IO_ERROR, "%s: cannot write: not a regular file", p->path);
    if (flock(p->fd, LOCK_EX | LOCK_NB) != 0) return fv_fail(FV_IO_ERROR, "%s: another program is loading it", p->path);
    return cut(p, (uintmax_t)info.st_size <= p->file->bytes ? (size_t)info.st_size : 0);
}

static fv_status begin(void *user, size_t at) { return cut(user, at); }

/* No server can fill the disk: the size is known. */
static fv_status take(void *user, const void *bytes, size_t count) {
    part *p = user;
    if (count > p->file->bytes - p->have) {
        FV_TRY(cut(p, 0));
        return fv_fail(FV_BAD_DATA, "%s: not the %s that is known: more than its %zu bytes", p->url, p->file->name,
                       p->file->bytes);
    }
    size_t done;
    bool all = fv_write_all(p->fd, bytes, count, &done);
    p->have += done;
    if (!all) return fv_system_failure(p->path, "write", errno);
    cli_progress_bytes(p->progress, p->file->name, p->have, p->file->bytes);
    return FV_OK;
}

static fv_status transfer(part *p) {
    cli_http request = {.url = p->url, .from = p->have, .begin = begin, .take = take, .user = p};
    fv_status status = p->have < p->file->bytes ? cli_http_get(&request) : FV_OK;
    if (request.no_range) {
        request.from = 0;
        status = cli_http_get(&request);
    }
    if (status != FV_OK || p->have == p->file->bytes) return status;
    return fv_fail(FV_BAD_DATA, "%s: ends after %zu of %zu bytes", p->url, p->have, p->file->bytes);
}

/* What is wrong as a whole is no beginning of what is right. */
static fv_status check(part *p) {
    fv_status status = cli_check_file(p->file, p->path);
    if (status != FV_BAD_DATA) return status;
    FV_TRY(cut(p, 0));
    return fv_fail_in(status, "%s", p->url);
}

fv_status cli_fetch(const cli_known_file *file, const char *url, const char *path, cli_progress *progress) {
    char *name = fv_format("%s.part", path);
    if (!name) return FV_NO_MEMORY;
    part p = {.file = file, .url = url, .path = name, .fd = -1, .progress = progress};
    fv_status status = open_part(&p);
    if (status == FV_OK) status = transfer(&p);
    cli_progress_end(progress);
    if (status == FV_OK) status = check(&p);
    if (status == FV_OK) status = fv_file_rename(p.fd, name, path);
    if (status != FV_OK && p.fd >= 0 && p.have == 0) (void)unlink(name);
    if (p.fd >= 0) close(p.fd);
    fv_free(name);
    return status;
}
