#include "core/append.h"

#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
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
