// SPDX-License-Identifier: MIT
// worker_media.h - a media room that only notes what it was asked for.
#pragma once

#include <stdbool.h>

struct noted {
    int inits, probes, makes, ts, files;
    // Closed after the answer that the test waits for.
    _Atomic int sources_open;
    char source[64]; // what was in the source's descriptor
    int ts_fds[5];   // as bytes read from each; -1: none
    int file_fds[3];
    char detail[64]; // put into the next answer
};
struct noted *media_noted(void);
