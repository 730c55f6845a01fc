// SPDX-License-Identifier: MIT
// field.c - the syntax of header fields (RFC 9110 section 5).
#include "reeld/http/field.h"

#include <string.h>

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

static bool is_token_char(char c)
{
    return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool field_is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char(s.ptr[i]))
            return false;
    return s.len > 0;
}

bool field_is_value(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool field_is_host(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!is_alnum(c) && !(c && strchr(".-_:[]", c)))
            return false;
    }
    return s.len <= 255;
}

// The weight behind "gzip;q=0.5": is it more than nothing?
static bool has_weight(struct str params)
{
    while (params.len > 0) {
        struct str param = str_trim(str_cut(&params, ';'));
        if (param.len < 2 || (param.ptr[0] | 0x20) != 'q' ||
            param.ptr[1] != '=')
            continue;
        struct str weight = str_skip(param, 2);
        for (size_t i = 0; i < weight.len; i++)
            if (weight.ptr[i] >= '1' && weight.ptr[i] <= '9')
                return true;
        return false;
    }
    return true;
}

bool field_accepts_gzip(struct str accept_encoding)
{
    bool accepts_any = false;
    struct str rest = accept_encoding;
    while (rest.len > 0) {
        struct str params = str_cut(&rest, ',');
        struct str coding = str_trim(str_cut(&params, ';'));
        if (str_eq_nocase(coding, STR("gzip")) ||
            str_eq_nocase(coding, STR("x-gzip")))
            return has_weight(params); // named: whatever "*" says
        if (str_eq(coding, STR("*")))
            accepts_any = has_weight(params);
    }
    return accepts_any;
}

struct str field_media_type(struct str value)
{
    return str_trim(str_cut(&value, ';'));
}

// Cuts a quoted string off *rest, which starts behind its opening quote.
static enum err cut_quoted(struct str *rest, char *to, size_t room,
                           struct str *ret)
{
    size_t len = 0;
    while (rest->len > 0) {
        char c = rest->ptr[0];
        *rest = str_skip(*rest, 1);
        if (c == '"') {
            *ret = (struct str){to, len};
            return OK;
        }
        // Only these two are escaped by clients; others send "C:\dir\x.mp4".
        bool is_escape = c == '\\' && rest->len > 0 &&
                         (rest->ptr[0] == '"' || rest->ptr[0] == '\\');
        if (is_escape) {
            c = rest->ptr[0];
            *rest = str_skip(*rest, 1);
        }
        if (len == room)
            return fail(ERR_BAD_INPUT,
                        "a quoted value is longer than %zu bytes", room);
        to[len++] = c;
    }
    return fail(ERR_BAD_INPUT, "a quoted value does not end");
}

// Cuts the value of one parameter off *rest, up to the next ';'.
static enum err cut_value(struct str *rest, char *to, size_t room,
                          struct str *ret)
{
    *rest = str_trim(*rest);
    if (rest->len > 0 && rest->ptr[0] == '"') {
        *rest = str_skip(*rest, 1);
        TRY(cut_quoted(rest, to, room, ret));
        if (str_trim(str_cut(rest, ';')).len > 0)
            return fail(ERR_BAD_INPUT, "text behind a quoted value");
        return OK;
    }
    struct str value = str_trim(str_cut(rest, ';'));
    if (value.len > room)
        return fail(ERR_BAD_INPUT, "a value is longer than %zu bytes", room);
    if (value.len > 0)
        memcpy(to, value.ptr, value.len);
    *ret = (struct str){to, value.len};
    return OK;
}

enum err field_param(struct str value, struct str name, char *to, size_t room,
                     struct str *ret)
{
    struct str rest = value;
    str_cut(&rest, ';');
    while (rest.len > 0) {
        size_t equals = 0;
        while (equals < rest.len && rest.ptr[equals] != '=' &&
               rest.ptr[equals] != ';')
            equals++;
        struct str found = str_trim((struct str){rest.ptr, equals});
        bool has_value = equals < rest.len && rest.ptr[equals] == '=';
        rest = str_skip(rest, equals + 1);
        if (!has_value)
            continue;
        struct str text;
        TRY(cut_value(&rest, to, room, &text));
        if (str_eq_nocase(found, name)) {
            *ret = text;
            return OK;
        }
    }
    return fail(ERR_NOT_FOUND, "no parameter %.*s", STR_ARG(name));
}
