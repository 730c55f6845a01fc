// SPDX-License-Identifier: MIT
// framing.c - is it beyond doubt where a request ends?
#include "reeld/http/framing.h"

#include <stddef.h>

#include "reeld/http/field.h"

static void add_length(struct framing *f, struct str value)
{
    f->lengths++;
    if (str_to_int(value, 0, INT64_MAX, &f->length) != OK)
        f->has_bad_length = true;
}

static void add_encoding(struct framing *f, struct str value)
{
    f->encodings++;
    f->is_chunked = str_eq_nocase(value, STR("chunked"));
}

void framing_add(struct framing *f, struct str name, struct str value)
{
    f->headers++;
    if (!field_is_token(name))
        f->has_bad_name = true;
    if (!field_is_value(value))
        f->has_bad_value = true;
    if (str_eq_nocase(name, STR("Content-Length")))
        add_length(f, value);
    else if (str_eq_nocase(name, STR("Transfer-Encoding")))
        add_encoding(f, value);
    else if (str_eq_nocase(name, STR("Expect")))
        f->expects_continue = str_eq_nocase(value, STR("100-continue"));
    else if (str_eq_nocase(name, STR("Host"))) {
        f->hosts++;
        if (!field_is_host(value))
            f->has_bad_host = true;
    }
}

const char *framing_fault(const struct framing *f, bool is_http_1_0)
{
    if (f->has_bad_name)
        return "a header name holds characters that are not allowed";
    if (f->has_bad_value)
        return "a header value holds control characters";
    if (f->lengths > 1)
        return "more than one Content-Length";
    if (f->has_bad_length)
        return "Content-Length is not a number";
    if (f->encodings > 1 || (f->encodings == 1 && !f->is_chunked))
        return "a Transfer-Encoding other than one \"chunked\"";
    if (f->encodings > 0 && f->lengths > 0)
        return "both Content-Length and Transfer-Encoding";
    if (f->encodings > 0 && is_http_1_0)
        return "Transfer-Encoding in HTTP/1.0";
    if (f->hosts > 1 || (f->hosts == 0 && !is_http_1_0))
        return "the Host header must be there exactly once";
    if (f->has_bad_host)
        return "the Host header is malformed";
    if (f->headers > FRAMING_HEADERS_MAX)
        return "more than 100 headers";
    return NULL;
}

bool framing_has_body(const struct framing *f)
{
    return f->encodings > 0 || (f->lengths > 0 && f->length > 0);
}
