// SPDX-License-Identifier: MIT
// probe_fuzz.c - uploads of any bytes, probed.
//
// Whatever comes out passes the checks of the other side: the answer as a wire
// message, the plan by plan_unpack().
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/media.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file_of(const uint8_t *bytes, size_t len)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || fd_write_all(fd, bytes, len) != OK)
        abort();
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wire_probe ask = {
        .limits = {.max_pixels = 1 << 20,
                   .max_duration_us = INT64_C(3600000000),
                   .max_frame_rate = 240,
                   .max_streams = 8         },
        .wish = { .segment_us = 4000000,
                   .segment_max_us = 6000000,
                   .gop_us = 2000000,
                   .bootstraps = 1,
                   .bootstrap_us = {2000000}},
        .copy_source = true,
    };
    static struct wire_message m;
    media_init();
    scoped(media_source) struct media_source *s =
        media_source_new(file_of(data, size));
    scoped(fd) int plan_fd = file_of(data, 0);
    m = (struct wire_message){.type = WIRE_PROBED};
    media_probe(s, &ask, plan_fd, &m.probed);
    if (wire_check(&m) != OK)
        abort();
    if (m.probed.result != OK)
        return 0;
    scoped(mem) uint8_t *packed = NULL;
    size_t len = 0;
    scoped(plan) struct plan *p = NULL;
    if (fd_read_file(plan_fd, PLAN_PACKED_BYTES_MAX, &packed, &len) != OK ||
        plan_unpack((struct str){(const char *)packed, len}, &p) != OK)
        abort();
    return 0;
}
