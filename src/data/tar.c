#include "data/tar.h"

#include "core/file.h"
#include "core/memory.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

/* A member is a header of one block and its bytes, filled up to whole blocks; a block of zeros ends the archive (POSIX.1-1988,
 * "ustar"). Numbers are octal text. */
enum { BLOCK = 512, NAME_BYTES = 100, SIZE_AT = 124, SIZE_BYTES = 12, SUM_AT = 148, SUM_BYTES = 8, TYPE_AT = 156 };
enum { MOST_BYTES = 1 << 30 };

typedef struct archive {
    const char *name;
    gzFile file;
    size_t left; /* that it may still hold */
} archive;

static fv_status read_blocks(archive *a, void *bytes, size_t count) {
    if (count > a->left) return fv_fail(FV_BAD_DATA, "%s: holds more than %d bytes", a->name, MOST_BYTES);
    a->left -= count;
    int got = gzread(a->file, bytes, (unsigned)count);
    if (got >= 0 && (size_t)got == count) return FV_OK;
    int error;
    const char *reason = gzerror(a->file, &error);
    return fv_fail(FV_BAD_DATA, "%s: damaged archive: %s", a->name, error ? reason : "it ends too early");
}

static fv_status read_octal(const archive *a, const uint8_t *digits, int count, size_t *number) {
    int i = 0;
    *number = 0;
    while (i < count && digits[i] == ' ') i++;
    for (; i < count && digits[i] >= '0' && digits[i] <= '7'; i++) *number = *number * 8 + (size_t)(digits[i] - '0');
    if (i == count || digits[i] == ' ' || digits[i] == '\0') return FV_OK;
    return fv_fail(FV_BAD_DATA, "%s: not a tar archive: a header holds a number that is not octal", a->name);
}

/* The sum of the header's bytes, its own taken for blanks. */
static fv_status check_sum(const archive *a, const uint8_t *head) {
    size_t sum = 0, claimed;
    for (int i = 0; i < BLOCK; i++) sum += i >= SUM_AT && i < SUM_AT + SUM_BYTES ? ' ' : head[i];
    FV_TRY(read_octal(a, head + SUM_AT, SUM_BYTES, &claimed));
    return sum == claimed ? FV_OK
                          : fv_fail(FV_BAD_DATA, "%s: not a tar archive: a header's checksum is wrong", a->name);
}

/* The member's bytes to `out`; NULL: nowhere. */
static fv_status copy(archive *a, size_t size, fv_file_writer *out) {
    uint8_t block[BLOCK];
    for (size_t n; size; size -= n) {
        n = size < BLOCK ? size : BLOCK;
        FV_TRY(read_blocks(a, block, BLOCK));
        if (out) FV_TRY(fv_file_write(out, block, n));
    }
    return FV_OK;
}

static fv_status unpack(archive *a, const fv_tar_member *member, const char *folder, int type, size_t size) {
    if (type != '0' && type != '\0') return fv_fail(FV_BAD_DATA, "%s: %s is no regular file", a->name, member->name);
    if (size > member->most)
        return fv_fail(FV_BAD_DATA, "%s: %s has %zu bytes: at most %zu are expected", a->name, member->name, size,
                       member->most);
    char *path = fv_path_join(folder, member->name), *below = path ? fv_folder_of(path) : NULL;
    fv_status status = below ? fv_make_folders(below) : FV_NO_MEMORY;
    fv_file_writer *out = status == FV_OK ? fv_file_create(path) : NULL;
    if (status == FV_OK) status = out ? copy(a, size, out) : fv_last_status();
    if (status == FV_OK)
        status = fv_file_commit(out);
    else
        fv_file_abandon(out);
    fv_free(below);
    fv_free(path);
    return status;
}

static int find(const fv_tar_member *members, int n, const uint8_t *head) {
    char name[NAME_BYTES + 1] = "";
    memcpy(name, head, NAME_BYTES);
    int i = 0;
    while (i < n && strcmp(members[i].name, name) != 0) i++;
    return i;
}

static fv_status take_members(archive *a, const char *folder, const fv_tar_member *members, int n) {
    uint32_t missing = (uint32_t)((UINT64_C(1) << n) - 1);
    uint8_t head[BLOCK];
    while (missing) {
        size_t size;
        FV_TRY(read_blocks(a, head, BLOCK));
        if (head[0] == '\0') break;
        FV_TRY(check_sum(a, head));
        FV_TRY(read_octal(a, head + SIZE_AT, SIZE_BYTES, &size));
        int i = find(members, n, head);
        if (i < n) FV_TRY(unpack(a, &members[i], folder, head[TYPE_AT], size));
        if (i == n) FV_TRY(copy(a, size, NULL));
        if (i < n) missing &= ~(UINT32_C(1) << i);
    }
    return missing ? fv_fail(FV_BAD_DATA, "%s: holds no %s", a->name, members[__builtin_ctz(missing)].name) : FV_OK;
}

fv_status fv_untar(const char *path, const char *folder, const fv_tar_member *members, int n) {
    archive a = {.name = path, .file = gzopen(path, "rbe"), .left = MOST_BYTES};
    if (!a.file) return fv_system_failure(path, "read", errno ? errno : ENOMEM);
    fv_status status = take_members(&a, folder, members, n);
    gzclose(a.file);
    return status;
}
