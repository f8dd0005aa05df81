#include "core/append.h"

#include "core/file.h"
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cuts to *end, which is made smaller where the file is: what somebody took out of it must not come back as zeros. */
static bool cut(int fd, size_t *end) {
    struct stat info;
    if (fstat(fd, &info) != 0) return false;
    if ((uintmax_t)info.st_size < *end) *end = (size_t)info.st_size;
    return ftruncate(fd, (off_t)*end) == 0 && lseek(fd, (off_t)*end, SEEK_SET) >= 0;
}

static bool write_behind(int fd, const void *bytes, size_t count, size_t *end) {
    if (!cut(fd, end)) return false;
    if (fv_write_all(fd, bytes, count, NULL) && fsync(fd) == 0) return true;
    int error = errno;
    (void)cut(fd, end); /* a reader skips a line that is cut short, if even this fails */
    errno = error;
    return false;
}

fv_status fv_append(const char *path, const void *bytes, size_t count, size_t *end) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666); /* a FIFO must not make it wait */
    bool written = fd >= 0 && write_behind(fd, bytes, count, end);
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && written) written = false, error = errno;
    if (!written) return fv_system_failure(path, "write", error);
    *end += count;
    return FV_OK;
}

/* ---- Checking ---------------------------------------------------------------------------------------------------- */

static bool make_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return fd >= 0 && close(fd) == 0 && unlink(path) == 0;
}

static bool make_folder(const char *path) { return mkdir(path, 0777) == 0 && rmdir(path) == 0; }

/* The topmost of what is missing on the way to a file that is missing: the file itself, or a folder above it, which *folder tells.
 * Free with fv_free. */
static char *first_missing(const char *path, bool *folder) {
    char *missing = fv_strdup(path), *above = missing ? fv_folder_of(missing) : NULL;
    *folder = false;
    while (above && access(above, F_OK) != 0 && errno == ENOENT && strcmp(above, ".") != 0) {
        fv_free(missing);
        missing = above;
        above = fv_folder_of(missing);
        *folder = true;
    }
    bool known = above != NULL;
    fv_free(above);
    if (known) return missing;
    fv_free(missing);
    return NULL;
}

/* Permissions tell too little, of /proc for one: it is made, and removed. */
static fv_status try_to_make(const char *path) {
    bool folder;
    char *missing = first_missing(path, &folder);
    if (!missing) return FV_NO_MEMORY;
    bool made = (folder ? make_folder : make_file)(missing) || errno == EEXIST; /* somebody was faster */
    fv_status status = made ? FV_OK : fv_system_failure(path, "write", errno);
    fv_free(missing);
    return status;
}

fv_status fv_append_check(const char *path) {
    struct stat info;
    const char *slash = strrchr(path, '/');
    if (slash && !slash[1]) return fv_system_failure(path, "write", EISDIR);
    if (stat(path, &info) != 0) return errno == ENOENT ? try_to_make(path) : fv_system_failure(path, "write", errno);
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) /* opening a FIFO or a device may do things */
        return fv_fail(FV_IO_ERROR, "%s: cannot write: not a regular file", path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return fv_system_failure(path, "write", errno);
    close(fd);
    return FV_OK;
}
