// SPDX-License-Identifier: MIT
// mux_out.h - bytes written one behind the other, in large blocks.
//
// Threads: one at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"

struct mux_out {
    int fd;
    int64_t at; // where the next byte goes
    uint8_t *block;
    size_t filled; // of it, not written yet
};

must_check enum err mux_out_init(struct mux_out *o, int fd, int64_t at);
void mux_out_done(struct mux_out *o); // what was not flushed is lost
must_check enum err mux_out_add(struct mux_out *o, const uint8_t *bytes,
                                size_t len);
must_check enum err mux_out_flush(struct mux_out *o);
