// SPDX-License-Identifier: MIT
// entry.h - what the files of this room share: the values and their origin.
#pragma once

#include "reeld/config.h"
#include "value.h"

// The stronger the later.
enum source { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG };

struct entry {
    char *text; // the value as it was given; text settings point at it
    enum source source;
    int line; // of the file, FROM_FILE only
};

struct config {
    struct settings values;
    struct entry entry[SETTINGS];
    char *path; // of the file, NULL before one was read
};

// The setting of that name, or -1.
int setting_find(struct str name);

// "default", "--workers", "REELD_WORKERS" or "/etc/reeld.conf:12".
enum { ORIGIN_BYTES = 200 };
void config_origin(const struct config *c, int index,
                   char to[static ORIGIN_BYTES]);

// Checks `value`, and keeps it unless a stronger source has set it already.
// ERR_BAD_INPUT says what is allowed.
must_check enum err config_put(struct config *c, int index, struct str value,
                               enum source source, int line);
