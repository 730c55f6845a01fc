// SPDX-License-Identifier: MIT
// tus_fuzz.c - the headers of tus: the first byte says which.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "reeld/api/tus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err see_pair(void *context, struct str key, struct str value)
{
    size_t *sum = context;
    assert(key.len > 0 && !memchr(key.ptr, ' ', key.len) &&
           !memchr(key.ptr, ',', key.len));
    for (size_t i = 0; i < value.len; i++)
        *sum += (uint8_t)value.ptr[i];
    return OK;
}

static void concat(struct str header)
{
    static struct tus_concat c;
    if (tus_concat_parse(header, &c) != OK)
        return;
    assert((c.kind == UPLOAD_PART) == (c.parts == 0));
    for (size_t i = 0; i < c.parts; i++) {
        struct id id;
        assert(id_parse(str_of(c.part[i].text), &id) == OK);
        assert(id_has_prefix(&id, "u"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str header = {(const char *)data + 1, size - 1};
    struct tus_checksum sum;
    size_t bytes = 0;
    switch (data[0] % 3) {
    case 0:
        ignore(tus_metadata_parse(header, see_pair, &bytes)); // no crash
        break;
    case 1:
        if (tus_checksum_parse(header, &sum) == OK)
            assert(sum.kind == TUS_SHA1 || sum.kind == TUS_SHA256);
        break;
    default:
        concat(header);
    }
    return 0;
}
