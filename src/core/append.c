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

/* The nearest folder above `path` that is there: "." and "/" always are, or nothing is. Free with fv_free. */
static char *folder_above(const char *path) {
    char *folder = fv_folder_of(path);
    while (folder && access(folder, F_OK) != 0 && errno == ENOENT && strcmp(folder, ".") != 0) {
        char *above = fv_folder_of(folder);
        fv_free(folder);
        folder = above;
    }
    return folder;
}

static fv_status check_folder(const char *path) {
    char *folder = folder_above(path);
    if (!folder) return FV_NO_MEMORY;
    bool writable = faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
    fv_status status = writable ? FV_OK : fv_system_failure(path, "write", errno);
    fv_free(folder);
    return status;
}

fv_status fv_append_check(const char *path) {
    struct stat info;
    const char *slash = strrchr(path, '/');
    if (slash && !slash[1]) return fv_system_failure(path, "write", EISDIR);
    if (stat(path, &info) != 0) return errno == ENOENT ? check_folder(path) : fv_system_failure(path, "write", errno);
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) /* opening a FIFO or a device may do things */
        return fv_fail(FV_IO_ERROR, "%s: cannot write: not a regular file", path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return fv_system_failure(path, "write", errno);
    close(fd);
    return FV_OK;
}
