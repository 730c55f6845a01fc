// SPDX-License-Identifier: MIT
// boxes.c - walks top-level box headers (ISO/IEC 14496-12 section 4.2).
#include "boxes.h"

#include <string.h>

#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/base/str.h"

enum {
    BOXES_MAX = 1 << 18, // more than an honest file of 12 h in fragments has
    HEADER_BYTES = 8,
    HEADER_LONG_BYTES = 16,
};

struct header {
    char type[5];
    int64_t bytes;  // header included
    int64_t before; // bytes of the header itself
};

static uint64_t big_endian(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static enum err read_header(int fd, int64_t at, int64_t size_bytes,
                            struct header *ret)
{
    uint8_t raw[HEADER_LONG_BYTES] = {0};
    int64_t rest = size_bytes - at;
    TRY(fd_pread_all(fd, raw, (size_t)min_i64(rest, sizeof raw), at));
    memcpy(ret->type, raw + 4, 4);
    ret->type[4] = '\0';
    ret->before = HEADER_BYTES;
    uint64_t bytes = big_endian(raw, 4);
    if (bytes == 1 && rest >= HEADER_LONG_BYTES) {
        bytes = big_endian(raw + 8, 8);
        ret->before = HEADER_LONG_BYTES;
    } else if (bytes == 0) {
        bytes = (uint64_t)rest; // up to the end of the file
    }
    ret->bytes = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
    return OK;
}

static bool is_first_box(const char *type)
{
    static const char types[][5] = {"ftyp", "styp", "moov", "mdat", "free",
                                    "skip", "wide", "pnot", "moof", "sidx",
                                    "uuid", "emsg", "udta"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

static enum err note_box(int fd, int64_t at, int64_t size_bytes,
                         const struct header *h, struct boxes *b)
{
    bool is_cut = h->bytes > size_bytes - at;
    if (is_cut) {
        b->is_cut = true;
        str_copy(b->cut_box, sizeof b->cut_box, str_of(h->type));
    }
    if (strcmp(h->type, "moov") == 0)
        b->has_index = b->has_index || !is_cut;
    if (strcmp(h->type, "moof") == 0)
        b->has_moof = true;
    if (strcmp(h->type, "mdat") == 0) {
        int64_t to = is_cut ? size_bytes : at + h->bytes;
        struct box_range range = {min_i64(at + h->before, to), to};
        PUSH(b->data, b->count, b->capacity, range);
    }
    if (strcmp(h->type, "ftyp") == 0 && h->bytes - h->before >= 4 &&
        at + h->before + 4 <= size_bytes)
        TRY(fd_pread_all(fd, b->brand, 4, at + h->before));
    return OK;
}

enum err boxes_scan(int fd, int64_t size_bytes, struct boxes *ret)
{
    struct boxes b = {0};
    int64_t at = 0;
    for (int n = 0; n < BOXES_MAX && size_bytes - at >= HEADER_BYTES; n++) {
        struct header h;
        enum err e = read_header(fd, at, size_bytes, &h);
        if (e == OK && n == 0)
            b.is_bmff = is_first_box(h.type);
        if (e == OK && (!b.is_bmff || h.bytes < h.before))
            break;
        if (e == OK)
            e = note_box(fd, at, size_bytes, &h, &b);
        if (e != OK) {
            boxes_done(&b);
            return e;
        }
        at = h.bytes > size_bytes - at ? size_bytes : at + h.bytes;
    }
    *ret = b;
    return OK;
}

void boxes_done(struct boxes *b)
{
    free(b->data);
    *b = (struct boxes){0};
}

// The first range that ends behind `at`, or count.
static size_t find(const struct boxes *b, int64_t at)
{
    size_t low = 0, high = b->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->data[middle].to <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t boxes_inside(const struct boxes *b, int64_t at)
{
    size_t i = find(b, at);
    if (i == b->count || b->data[i].from > at)
        return 0;
    return b->data[i].to - at;
}

int64_t boxes_outside(const struct boxes *b, int64_t at)
{
    size_t i = find(b, at);
    return i == b->count ? INT64_MAX : b->data[i].from - at;
}
