// SPDX-License-Identifier: MIT
// input_io.c - an AVIOContext over pread(), with a deadline.
//
// When skipping, the payload of mdat boxes is not fetched: the index of an MP4
// can then be walked packet by packet at the cost of its moov alone. What lands
// in those packets is whatever was in memory; nobody may look at it.
#include "input_io.h"

#include <errno.h>
#include <unistd.h>

#include <libavutil/error.h>
#include <libavutil/mem.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/math.h"

enum { IO_BUFFER_BYTES = 32 << 10 };

int input_io_interrupted(void *opaque)
{
    struct input_io *io = opaque;
    if (clock_now_us() > io->deadline_us)
        io->is_late = true;
    return io->is_late;
}

static int read_bytes(void *opaque, uint8_t *to, int bytes)
{
    struct input_io *io = opaque;
    if (input_io_interrupted(io))
        return AVERROR_EXIT;
    int64_t len = min_i64(bytes, io->size_bytes - io->at);
    if (len <= 0)
        return AVERROR_EOF;
    if (io->is_skipping) {
        int64_t inside = boxes_inside(&io->boxes, io->at);
        if (inside > 0) {
            len = min_i64(len, inside);
            io->at += len;
            return (int)len;
        }
        len = min_i64(len, boxes_outside(&io->boxes, io->at));
    }
    ssize_t got;
    do {
        got = pread(io->fd, to, (size_t)len, io->at);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        io->has_failed = true;
        return AVERROR(EIO);
    }
    if (got == 0)
        return AVERROR_EOF; // the file has become shorter
    io->at += got;
    return (int)got;
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    struct input_io *io = opaque;
    int64_t base = 0;
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return io->size_bytes;
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = io->at;
        break;
    case SEEK_END:
        base = io->size_bytes;
        break;
    default:
        return AVERROR(EINVAL);
    }
    int64_t target;
    if (add_overflows(base, offset, &target) || target < 0)
        return AVERROR(EINVAL);
    io->at = target;
    return target;
}

enum err input_io_open(struct input_io *io, int fd)
{
    *io = (struct input_io){.fd = fd};
    TRY(fd_size(fd, &io->size_bytes));
    TRY(boxes_scan(fd, io->size_bytes, &io->boxes));
    uint8_t *buffer = av_malloc(IO_BUFFER_BYTES);
    if (buffer)
        io->context = avio_alloc_context(buffer, IO_BUFFER_BYTES, 0, io,
                                         read_bytes, NULL, seek_bytes);
    if (!io->context) {
        av_free(buffer);
        input_io_close(io);
        return fail(ERR_IO, "no memory for an input");
    }
    return OK;
}

void input_io_close(struct input_io *io)
{
    if (io->context)
        av_freep(&io->context->buffer);
    avio_context_free(&io->context);
    boxes_done(&io->boxes);
}

void input_io_allow(struct input_io *io, int64_t us)
{
    io->deadline_us = clock_now_us() + us;
}
