// SPDX-License-Identifier: MIT
// field_fuzz.c - header values: ranges, tags, codings, parameters, framing.
#include <assert.h>
#include <stdint.h>

#include "reeld/http/etag.h"
#include "reeld/http/field.h"
#include "reeld/http/framing.h"
#include "reeld/http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_range(struct str text)
{
    static const int64_t sizes[] = {0, 1, 1000, INT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct range r;
        if (range_parse(text, sizes[i], &r) == RANGE_ONE)
            assert(r.from >= 0 && r.from < r.to && r.to <= sizes[i]);
    }
}

static void check_tags(struct str text)
{
    struct str tag = STR("\"a\"");
    // What matches strongly matches weakly too.
    assert(!etag_in_list(text, tag, true) || etag_in_list(text, tag, false));
}

static void check_param(struct str text)
{
    char room[8];
    struct str value;
    if (field_param(text, STR("x"), room, sizeof room, &value) == OK)
        assert(value.len <= sizeof room && value.ptr == room);
    field_accepts_gzip(text);
    assert(field_media_type(text).len <= text.len);
}

static void check_framing(struct str text)
{
    struct framing f = {0};
    while (text.len > 0) {
        struct str value = str_cut(&text, '\n');
        struct str name = str_cut(&value, ':');
        framing_add(&f, name, value);
    }
    if (framing_fault(&f, false))
        return;
    assert(f.lengths + f.encodings <= 1 && f.length >= 0 && f.hosts == 1);
    assert(framing_has_body(&f) == (f.is_chunked || f.length > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    check_range(text);
    check_tags(text);
    check_param(text);
    check_framing(text);
    return 0;
}
