/* Files written so that a reader sees the old content or the new, never a part: beside, synced, renamed, folder synced. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include "core/status.h"

typedef struct fv_file_writer fv_file_writer;

/* Opens PATH.tmp-PID beside the target. NULL on failure; writing to NULL and committing it pass the failure on. The
 * target may be missing or a regular file, whose permissions are kept; a link is replaced by a file. One writer at a time
 * for a path. */
fv_file_writer *fv_file_create(const char *path);
/* Buffered. After a failure all further calls fail with the first message. */
fv_status fv_file_write(fv_file_writer *w, const void *bytes, size_t count);
/* Syncs, renames over the target, syncs the folder, frees the writer in any case. On failure the target is untouched
 * (or, if only syncing the folder failed, it is whole and new, but may be old again after a power cut). */
fv_status fv_file_commit(fv_file_writer *w);
/* Drops what was written; frees the writer. NULL is fine. */
void fv_file_abandon(fv_file_writer *w);
/* All of these in one call. */
fv_status fv_file_save(const char *path, const void *bytes, size_t count);

/* All of the bytes to an open file, and how many these were to *done (NULL: nobody asks); false leaves an errno. */
bool fv_write_all(int fd, const void *bytes, size_t count, size_t *done);
/* For a file that is written by other means, open as fd: syncs it, renames it to `path` in its folder, syncs the folder. */
fv_status fv_file_rename(int fd, const char *from, const char *path);
/* Fails with the path, what was tried ("write"), the system's reason (an errno) and the remedy. */
fv_status fv_system_failure(const char *path, const char *tried, int error);

/* The whole of a regular file (not a FIFO, not a device), at most `limit` bytes, NUL-terminated past its end; *bytes may
 * be NULL. Free with fv_free. */
void *fv_file_read(const char *path, size_t limit, size_t *bytes);

/* Creates a folder and its parents (mode 0777 less umask); fine if it exists. */
fv_status fv_make_folders(const char *path);
/* "a/b" from "a" and "b". Free with fv_free. */
char *fv_path_join(const char *folder, const char *name);
/* The folder that holds `path`: "a" of "a/b", "." of "b". Free with fv_free. */
char *fv_folder_of(const char *path);
/* `path` from the root on and without links, as far as it leads to what is there. Free with fv_free. */
char *fv_path_real(const char *path);
bool fv_is_folder(const char *path);
bool fv_is_file(const char *path);

#endif
