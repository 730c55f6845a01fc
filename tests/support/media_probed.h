// SPDX-License-Identifier: MIT
// media_probed.h - probing one file of the test media, as the worker does.
//
// The media lie beside the checkout (REELD_TEST_MEDIA names another place);
// tests of files are skipped without them.
#pragma once

#include <stdbool.h>

#include "reeld/base/scoped.h"
#include "reeld/media.h"

// What a daemon of default settings asks.
extern const struct wire_probe probed_ask;

const char *media_folder(void);
bool has_media(void); // says so when it is not there

struct probed {
    struct wire_probed answer;
    struct plan *plan; // NULL: refused
};

// Each asserts that the answer came in time and passes the daemon's checks.
struct probed *probe(const char *file);
struct probed *probe_how(const char *file, const struct wire_probe *ask);
struct probed *probe_fd(int fd, const struct wire_probe *ask); // takes it over
void probed_free(struct probed *p);
DEFINE_SCOPED(probed, struct probed *, probed_free)
