// SPDX-License-Identifier: MIT
// walls.h - the two walls, each raised once by sandbox_enter().
#pragma once

#include <stdbool.h>

#include "reeld/base/err.h"

// No file may be opened, no TCP port used, nobody outside signalled. *ret false
// where the kernel has no Landlock: seccomp alone bars the same calls.
must_check enum err landlock_raise(bool *ret_is_up);
// Kills for everything that is not on the list in seccomp.c.
must_check enum err seccomp_raise(void);
