#include "core/file.h"

#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 18, MESSAGE_BYTES = 1024 };

struct fv_file_writer {
    char *path, *temporary;
    int fd; /* -1: closed */
    size_t used;
    fv_status status; /* the first failure, and its message */
    char message[MESSAGE_BYTES];
    unsigned char buffer[BUFFER_BYTES];
};

/* What a person can do about an error of the system. */
static const struct remedy {
    int error;
    const char *text;
} remedies[] = {
    {ENOSPC, "free some space there or choose another place"},
    {EDQUOT, "the quota is used up: free some space there or choose another place"},
    {EFBIG, "larger than the limit on files, see `ulimit -f`"},
    {EROFS, "choose a place that can be written"},
    {EACCES, "check the permissions of the file and its folders"},
    {EPERM, "check the permissions of the file and its folders"},
    {ENOENT, "check the spelling and that the folder exists"},
    {ENOTDIR, "a part of the path is a file"},
    {EEXIST, "there is a file of that name"},
    {EISDIR, "give the path of a file"},
    {ENAMETOOLONG, "choose a shorter name"},
    {EMFILE, "too many open files, see `ulimit -n`"},
    {EIO, "the disk or the network failed"},
};

fv_status fv_system_failure(const char *path, const char *tried, int error) {
    const char *text = NULL;
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (remedies[i].error == error) text = remedies[i].text;
    return fv_fail(FV_IO_ERROR, "%s: cannot %s: %s%s%s%s", path, tried, strerror(error), text ? " (" : "",
                   text ? text : "", text ? ")" : "");
}

/* Makes a change of names in the folder that holds `path` durable. */
static fv_status sync_folder_of(const char *path) {
    char folder[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash) snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A folder that may be written but not read cannot be opened, and some file systems know no sync of folders. */
    bool failed = fd >= 0 && fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP;
    fv_status status = failed ? fv_system_failure(path, "sync the folder of", errno) : FV_OK;
    if (fd >= 0) close(fd);
    return status;
}

static fv_status replace(const char *from, const char *path) {
    if (rename(from, path) != 0) return fv_system_failure(path, "replace", errno);
    return sync_folder_of(path);
}

fv_status fv_file_rename(int fd, const char *from, const char *path) {
    if (fsync(fd) != 0) return fv_system_failure(from, "write", errno);
    return replace(from, path);
}

/* Writing. */

bool fv_write_all(int fd, const void *bytes, size_t count, size_t *done) {
    size_t written = 0;
    ssize_t n = 0;
    while (written < count && ((n = write(fd, (const char *)bytes + written, count - written)) >= 0 || errno == EINTR))
        if (n > 0) written += (size_t)n;
    if (done) *done = written;
    return written == count;
}

/* Keeps the first failure. */
static fv_status keep(fv_file_writer *w, fv_status status) {
    if (status != FV_OK && w->status == FV_OK) {
        w->status = status;
        size_t length = strnlen(fv_error(), sizeof w->message - 1);
        memcpy(w->message, fv_error(), length);
    }
    return status;
}

static fv_status write_out(fv_file_writer *w, const unsigned char *bytes, size_t count) {
    return fv_write_all(w->fd, bytes, count, NULL) ? FV_OK : keep(w, fv_system_failure(w->path, "write", errno));
}

static fv_status flush(fv_file_writer *w) {
    size_t used = w->used;
    w->used = 0;
    return write_out(w, w->buffer, used);
}

/* Opens the temporary file, with the permissions of the file that it will replace. */
static fv_status open_beside(fv_file_writer *w) {
    struct stat old;
    bool replaces = stat(w->path, &old) == 0;
    if (replaces && S_ISDIR(old.st_mode)) return fv_system_failure(w->path, "write", EISDIR);
    if (replaces && !S_ISREG(old.st_mode))
        return fv_fail(FV_IO_ERROR, "%s: cannot write: not a regular file, so it cannot be replaced", w->path);
    (void)unlink(w->temporary); /* left by a process that had this number and was killed */
    w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (w->fd < 0) return fv_system_failure(w->path, "write", errno);
    if (replaces) (void)fchmod(w->fd, old.st_mode & 0777);
    return FV_OK;
}

fv_file_writer *fv_file_create(const char *path) {
    fv_file_writer *w = FV_NEW(fv_file_writer);
    if (!w) return NULL;
    w->fd = -1;
    w->path = fv_strdup(path);
    w->temporary = fv_format("%s.tmp-%ld", path, (long)getpid());
    if (w->path && w->temporary && open_beside(w) == FV_OK) return w;
    fv_file_abandon(w);
    return NULL;
}

fv_status fv_file_write(fv_file_writer *w, const void *bytes, size_t count) {
    if (!w) return fv_last_status();
    if (w->status != FV_OK) return fv_fail(w->status, "%s", w->message);
    if (count > sizeof w->buffer - w->used) FV_TRY(flush(w));
    if (count > sizeof w->buffer) return write_out(w, bytes, count);
    if (count > 0) memcpy(w->buffer + w->used, bytes, count); /* of nothing, bytes may be NULL */
    w->used += count;
    return FV_OK;
}

/* Everything of commit but the freeing. */
static fv_status finish(fv_file_writer *w) {
    if (w->status != FV_OK) return fv_fail(w->status, "%s", w->message);
    FV_TRY(flush(w));
    if (fsync(w->fd) != 0) return fv_system_failure(w->path, "write", errno);
    int closed = close(w->fd); /* network file systems report a full disk here */
    w->fd = -1;
    if (closed != 0) return fv_system_failure(w->path, "write", errno);
    return replace(w->temporary, w->path);
}

fv_status fv_file_commit(fv_file_writer *w) {
    if (!w) return fv_last_status();
    fv_status status = finish(w);
    fv_file_abandon(w); /* the temporary name is gone after success */
    return status;
}

void fv_file_abandon(fv_file_writer *w) {
    if (!w) return;
    if (w->fd >= 0) close(w->fd);
    if (w->temporary) (void)unlink(w->temporary);
    fv_free(w->temporary);
    fv_free(w->path);
    fv_free(w);
}

fv_status fv_file_save(const char *path, const void *bytes, size_t count) {
    fv_file_writer *w = fv_file_create(path);
    fv_status status = fv_file_write(w, bytes, count);
    if (status == FV_OK) return fv_file_commit(w);
    fv_file_abandon(w);
    return status;
}

/* Reading. */

/* Reads `count` bytes, or fewer if the file has become shorter. */
static fv_status read_fully(int fd, const char *path, unsigned char *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t got = read(fd, bytes + done, count - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fv_system_failure(path, "read", errno);
        if (got == 0) return fv_fail(FV_IO_ERROR, "%s: cannot read: cut short while being read", path);
        done += (size_t)got;
    }
    return FV_OK;
}

/* The size of an open file that may be read whole. */
static fv_status size_within(int fd, const char *path, size_t limit, size_t *size) {
    struct stat info;
    if (fstat(fd, &info) != 0) return fv_system_failure(path, "read", errno);
    if (S_ISDIR(info.st_mode)) return fv_system_failure(path, "read", EISDIR);
    if (!S_ISREG(info.st_mode)) return fv_fail(FV_IO_ERROR, "%s: cannot read: not a regular file", path);
    if ((uintmax_t)info.st_size > limit)
        return fv_fail(FV_BAD_DATA, "%s: %jd bytes, which is more than the %zu that are read", path,
                       (intmax_t)info.st_size, limit);
    *size = (size_t)info.st_size;
    return FV_OK;
}

void *fv_file_read(const char *path, size_t limit, size_t *bytes) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not make it wait */
    if (fd < 0) {
        fv_system_failure(path, "read", errno);
        return NULL;
    }
    if (limit == SIZE_MAX) limit--; /* the NUL needs room */
    size_t size = 0;
    unsigned char *content = size_within(fd, path, limit, &size) == FV_OK ? fv_alloc(size + 1, 1) : NULL;
    if (content && read_fully(fd, path, content, size) != FV_OK) {
        fv_free(content);
        content = NULL;
    }
    close(fd);
    if (content && bytes) *bytes = size;
    return content;
}

/* Folders and names. */

static bool has_kind(const char *path, mode_t kind) {
    struct stat info;
    return stat(path, &info) == 0 && (info.st_mode & S_IFMT) == kind;
}

bool fv_is_folder(const char *path) { return has_kind(path, S_IFDIR); }
bool fv_is_file(const char *path) { return has_kind(path, S_IFREG); }

static fv_status make_folder(const char *path) {
    if (mkdir(path, 0777) == 0) return sync_folder_of(path);
    int error = errno;
    if (fv_is_folder(path)) return FV_OK; /* whatever mkdir said of it: EEXIST, or EROFS first */
    return fv_system_failure(path, "make the folder", error);
}

fv_status fv_make_folders(const char *path) {
    char *part = fv_strdup(path);
    if (!part) return FV_NO_MEMORY;
    fv_status status = FV_OK;
    for (char *end = part; status == FV_OK && *end; end++) {
        if (*end != '/' || end == part || end[-1] == '/') continue;
        *end = '\0';
        status = make_folder(part);
        *end = '/';
    }
    if (status == FV_OK) status = make_folder(part);
    fv_free(part);
    return status;
}

char *fv_folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? fv_format("%.*s", slash == path ? 1 : (int)(slash - path), path) : fv_strdup(".");
}

/* What is yet to be made is no link: ".." behind it leads back. */
char *fv_path_real(const char *path) {
    char real[PATH_MAX];
    if (realpath(path, real)) return fv_strdup(real);
    char *folder = fv_folder_of(path), *above = NULL, *whole = NULL;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (folder && strcmp(folder, path) == 0) return folder; /* "." of a folder that is gone */
    if (folder) above = fv_path_real(folder);
    if (above && strcmp(name, "..") == 0)
        whole = fv_folder_of(above);
    else if (above)
        whole = *name && strcmp(name, ".") != 0 ? fv_path_join(above, name) : fv_strdup(above);
    fv_free(folder);
    fv_free(above);
    return whole;
}

char *fv_path_join(const char *folder, const char *name) {
    size_t length = strlen(folder);
    const char *between = length == 0 || folder[length - 1] == '/' ? "" : "/";
    return fv_format("%s%s%s", folder, between, name);
}
