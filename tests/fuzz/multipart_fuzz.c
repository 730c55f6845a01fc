// SPDX-License-Identifier: MIT
// multipart_fuzz.c - multipart/form-data: any split gives the same (SEC-13).
//
// The first byte says how many bytes come at a time; the boundary is "b".
#include <assert.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/http/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err on_field(void *context, struct str name, struct str value)
{
    assert(name.len <= MULTIPART_NAME_BYTES);
    assert(value.len <= MULTIPART_FIELD_BYTES);
    buf_printf(context, "field %.*s=%.*s\n", STR_ARG(name), STR_ARG(value));
    return OK;
}

static enum err on_begin(void *context, struct str name, struct str filename)
{
    assert(filename.len <= MULTIPART_FILENAME_BYTES);
    buf_printf(context, "begin %.*s %.*s\n", STR_ARG(name), STR_ARG(filename));
    return OK;
}

static enum err on_data(void *context, const void *bytes, size_t len)
{
    assert(len > 0);
    buf_add(context, bytes, len);
    return OK;
}

static enum err on_end(void *context)
{
    buf_text(context, "\nend\n");
    return OK;
}

static enum err parse(struct str body, size_t step, struct buf *trace)
{
    static const struct multipart_calls calls = {on_field, on_begin, on_data,
                                                 on_end};
    scoped(multipart) struct multipart *m = NULL;
    TRY(multipart_new(STR("multipart/form-data; boundary=b"), &calls, trace,
                      &m));
    while (body.len > 0) {
        struct str piece = {body.ptr, body.len < step ? body.len : step};
        TRY(multipart_add(m, piece.ptr, piece.len));
        body = str_skip(body, piece.len);
    }
    return multipart_end(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str body = {(const char *)data + 1, size - 1};
    scoped(buf) struct buf whole, pieces;
    buf_init(&whole, 1 << 20);
    buf_init(&pieces, 1 << 20);
    enum err a = parse(body, body.len, &whole);
    enum err b = parse(body, (size_t)data[0] % 32 + 1, &pieces);
    assert(a == b);
    // A parse that fails may have handed on more or less of the last file.
    if (a == OK)
        assert(str_eq(buf_view(&whole), buf_view(&pieces)));
    return 0;
}
