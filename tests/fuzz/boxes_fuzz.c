// SPDX-License-Identifier: MIT
// boxes_fuzz.c - top-level boxes of an upload.
//
// Ranges must rise, stay apart and inside the file, and the questions about a
// byte must agree with them.
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/media/boxes.h"
#include "reeld/base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct boxes *b, int64_t size_bytes)
{
    int64_t last = 0;
    for (size_t i = 0; i < b->count; i++) {
        struct box_range r = b->data[i];
        if (r.from < last || r.to < r.from || r.to > size_bytes)
            abort();
        last = r.to;
        if (r.to > r.from && (boxes_inside(b, r.from) != r.to - r.from ||
                              boxes_inside(b, r.to - 1) != 1))
            abort();
    }
    for (int64_t at = 0; at < size_bytes; at++) {
        if (boxes_inside(b, at) > 0)
            continue;
        int64_t outside = boxes_outside(b, at);
        if (outside < 1)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(fd) int fd = memfd_create("upload", MFD_CLOEXEC);
    struct boxes b = {0};
    if (fd < 0 || fd_write_all(fd, data, size) != OK ||
        boxes_scan(fd, (int64_t)size, &b) != OK)
        abort();
    ask(&b, (int64_t)size);
    boxes_done(&b);
    return 0;
}
