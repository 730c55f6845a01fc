// SPDX-License-Identifier: MIT
// lock.h - one daemon a data directory (REL-13). Part of the main.
#pragma once

#include <sys/types.h>

#include "reeld/base/err.h"

// Takes the lock of the directory, which is made where it is missing, for as
// long as *ret_fd is open; our process id stands in it. ERR_CONFLICT when
// another process has it.
must_check enum err lock_directory(const char *data_dir, int *ret_fd);

// Which process has it, once lock_directory() found that one does.
must_check enum err lock_holder(const char *data_dir, pid_t *ret);
