// SPDX-License-Identifier: MIT
// input_io.h - the bytes below an input: pread() of a borrowed descriptor.
//
// Threads: one at a time a struct input_io.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libavformat/avformat.h>

#include "boxes.h"
#include "reeld/base/err.h"

struct input_io {
    int fd; // borrowed
    int64_t size_bytes;
    int64_t at;          // next byte to be read
    int64_t deadline_us; // clock_now_us(); past it reads fail
    bool is_late;        // the deadline has stopped something
    bool has_failed;     // pread() failed: the machine's fault, not the file's
    bool is_skipping;    // bytes inside mdat are not read but left as they are
    struct boxes boxes;
    AVIOContext *context;
};

must_check enum err input_io_open(struct input_io *io, int fd);
void input_io_close(struct input_io *io); // safe on a zeroed struct

// For AVFormatContext.interrupt_callback; `opaque` is the struct input_io.
int input_io_interrupted(void *opaque);
void input_io_allow(struct input_io *io, int64_t us); // from now on
