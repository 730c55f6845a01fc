// SPDX-License-Identifier: MIT
// replay.c - feeds the files of folders to a fuzz target, one after the other.
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "reeld/base/fd.h"

enum { INPUT_BYTES_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err replay_file(int folder, const char *name)
{
    scoped(fd) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(ERR_IO, "%s", name);
    scoped(mem) uint8_t *bytes = NULL;
    size_t len = 0;
    TRY(fd_read_file(fd, INPUT_BYTES_MAX, &bytes, &len));
    // A copy of just that size, so that a read behind it is noticed.
    scoped(mem) uint8_t *exact = malloc(len ? len : 1);
    for (size_t i = 0; exact && i < len; i++)
        exact[i] = bytes[i];
    LLVMFuzzerTestOneInput(exact, len);
    return OK;
}

static enum err replay_folder(const char *path, int *files)
{
    DIR *folder = opendir(path);
    if (!folder)
        return fail_errno(ERR_IO, "%s", path);
    enum err result = OK;
    struct dirent *entry;
    while (result == OK && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        result = replay_file(dirfd(folder), entry->d_name);
        (*files)++;
    }
    closedir(folder);
    return result;
}

int main(int argc, char **argv)
{
    int files = 0;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        if (replay_folder(argv[i], &files) != OK) {
            fprintf(stderr, "%s: %s\n", argv[0], fail_text());
            return 1;
        }
    }
    printf("%s: %d inputs replayed\n", argv[0], files);
    return 0;
}
