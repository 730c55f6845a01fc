// SPDX-License-Identifier: MIT
// tools.h - the operator's commands: fsck, gc, backup. Part of the main.
//
// All of them may be run beside a daemon that serves: fsck and backup only read
// (reeld/catalog/upkeep.h), and gc leaves the removing to the daemon where
// there is one. None of them is ever a second writer.
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "reeld/base/err.h"
#include "reeld/catalog.h"
#include "reeld/config.h"

// What a command found, as the exit code of the program.
enum tool_exit {
    TOOL_FINE = 0,
    TOOL_FOUND = 1, // fsck: something is lost or damaged
    TOOL_FAILED = 2 // it could not do its work; stderr says why
};

// Compares facts with blobs and tells on stdout what does not fit. With
// `scrub` all sources are read and hashed as well.
enum tool_exit tool_fsck(const struct settings *s, bool scrub);

// Removes what nobody needs: leftovers, blobs without a fact, facts whose time
// is over, made media past the cache budget; or says what that would be.
enum tool_exit tool_gc(const struct settings *s, bool is_dry);

// How the tools open the catalog; `path` gets its place and outlives it.
struct catalog_options tool_catalog(const struct settings *s,
                                    char path[static PATH_MAX]);

// Copies the catalog to the new file `to`.
enum tool_exit tool_backup(const struct settings *s, const char *to);

// "reeld: WHAT: why" on stderr. Returns TOOL_FAILED.
enum tool_exit tool_failure(const char *what);
