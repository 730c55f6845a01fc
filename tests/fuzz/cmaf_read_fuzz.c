// SPDX-License-Identifier: MIT
// cmaf_read_fuzz.c - CMAF pieces of any bytes, all the way to MPEG-TS.
//
// Input: two bytes that say how long the init is, the init, the piece.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/media.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file_of(const uint8_t *bytes, size_t len)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t init_len = (size_t)data[0] << 8 | data[1];
    data += 2;
    size -= 2;
    if (init_len > size)
        init_len = size;
    scoped(fd) int init = file_of(data, init_len);
    scoped(fd) int piece = file_of(data + init_len, size - init_len);
    scoped(fd) int output = memfd_create("out", MFD_CLOEXEC);
    struct wire_made made;
    struct wire_ts as_video = {.has_video = true};
    media_make_ts(&as_video, init, piece, -1, -1, output, &made);
    if (made.result == OK)
        assert(made.size_bytes[0] > 0 && made.size_bytes[0] % 188 == 0);
    struct wire_ts as_audio = {.has_audio = true};
    media_make_ts(&as_audio, -1, -1, init, piece, output, &made);
    if (made.result == OK)
        assert(made.size_bytes[0] > 0 && made.size_bytes[0] % 188 == 0);
    return 0;
}
