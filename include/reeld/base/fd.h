// SPDX-License-Identifier: MIT
// fd.h - descriptors: closing, whole reads and writes.
//
// Threads: any.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"

void fd_close(int fd); // -1 is fine; errno is kept
DEFINE_SCOPED(fd, int, fd_close)

// Writes all of it, over short writes and EINTR. ERR_IO, ERR_NO_SPACE.
must_check enum err fd_write_all(int fd, const void *bytes, size_t len);
// Reads exactly `len` bytes at `offset`; ERR_IO at an early end as well.
must_check enum err fd_pread_all(int fd, void *to, size_t len, int64_t offset);
// Syncs the directory that `path`, relative to the directory `at`, lies in: its
// name is on the disk then.
must_check enum err fd_sync_parent(int at, const char *path);
// The size of the open file in bytes. ERR_IO.
must_check enum err fd_size(int fd, int64_t *ret_bytes);
// The whole file as heap bytes with a NUL behind; ERR_TOO_LARGE past `most`.
must_check enum err fd_read_file(int fd, size_t most, uint8_t **ret_bytes,
                                 size_t *ret_len);
