// SPDX-License-Identifier: MIT
// backup.c - `reeld backup FILE`: the facts, while the daemon serves. The blobs
// never change, so any copier takes them along afterwards.
#include <limits.h>
#include <stdio.h>

#include "reeld/catalog/upkeep.h"
#include "tools.h"

enum tool_exit tool_backup(const struct settings *s, const char *to)
{
    char from[PATH_MAX];
    const struct catalog_options o = tool_catalog(s, from);
    if (catalog_copy(o.path, to) != OK)
        return tool_failure("backup");
    printf("%s is a copy of %s\nNow copy %s/blobs; what it has more than the "
           "facts does no harm.\n",
           to, from, s->data_dir);
    return TOOL_FINE;
}
