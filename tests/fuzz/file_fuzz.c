// SPDX-License-Identifier: MIT
// file_fuzz.c - downloads of parts of any bytes: heads, copies, MP3.
//
// Input: a byte of what to make and a byte of how many parts; for each part a
// byte of what it is, and four numbers of two bytes: where it begins in the
// rest, how long it is, from and at. Then the rest.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/media.h"

enum { PARTS_MAX = 16, PART_BYTES = 9, HEAD_BYTES = 1 << 16, AT_UNIT = 64 };

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    media_init();
    return 0;
}

static int file_of(const void *bytes, size_t len, int64_t at)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    assert(fd >= 0 && pwrite(fd, bytes, len, at) == (ssize_t)len);
    return fd;
}

static int64_t number(const uint8_t *at)
{
    return (int64_t)at[0] << 8 | at[1];
}

static void make(struct wire_file ask, int parts, const struct wire_part *rows)
{
    scoped(fd) int list = file_of(rows, ask.parts * sizeof *rows, 0);
    scoped(fd) int output = memfd_create("out", MFD_CLOEXEC);
    struct wire_made made;
    media_make_file(&ask, parts, list, output, &made);
    int64_t size_bytes;
    if (made.result != OK)
        return;
    assert(fd_size(output, &size_bytes) == OK);
    assert(made.size_bytes[0] == size_bytes && size_bytes >= ask.head_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_part rows[PARTS_MAX] = {{0}};
    if (size < 2)
        return 0;
    unsigned flags = data[0];
    uint32_t count = data[1] % PARTS_MAX + 1u;
    size_t header = 2 + (size_t)count * PART_BYTES;
    if (size <= header)
        return 0;
    int64_t head_bytes = flags & 2 ? 0 : HEAD_BYTES;
    bool has_video = flags & 4, has_sound = !(flags & 8) || (flags & 2);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *p = data + 2 + (size_t)i * PART_BYTES;
        rows[i] = (struct wire_part){.offset = head_bytes + number(p + 1),
                                     .bytes = number(p + 3),
                                     .from = number(p + 5) * AT_UNIT,
                                     .at = number(p + 7) * AT_UNIT,
                                     .is_init = p[0] & 1,
                                     .is_sound = p[0] >> 1 & 1};
    }
    size_t len = size - header;
    scoped(fd) int parts = file_of(data + header, len, head_bytes);
    struct wire_file ask = {.container =
                                flags & 2 ? DOWNLOAD_MP3 : DOWNLOAD_MP4,
                            .is_copied = !(flags & 2) && (flags & 1),
                            .parts = count,
                            .head_bytes = head_bytes,
                            .file_bytes = head_bytes + (int64_t)len,
                            .video_timescale = has_video ? 90000 : 0,
                            .sound_rate = has_sound ? 48000 : 0,
                            .video_ticks = has_video ? 9000000 : 0,
                            .sound_ticks = !has_sound  ? 0
                                           : flags & 2 ? 24000
                                                       : 480000,
                            .mp3_bps = flags & 2 ? 128000 : 0};
    if (has_video || has_sound)
        make(ask, parts, rows);
    return 0;
}
