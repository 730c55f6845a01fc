// SPDX-License-Identifier: MIT
// multipart_head.c - the header of one part of multipart/form-data.
#include <string.h>

#include "reeld/http/field.h"
#include "reeld/http/multipart.h"
#include "reeld/http/uri.h"

// An optional parameter: not there is fine, *ret stays empty.
static enum err read_param(struct str value, struct str name, char *to,
                           size_t room, struct str *ret, bool *ret_is_there)
{
    enum err e = field_param(value, name, to, room, ret);
    *ret_is_there = e == OK;
    return e == ERR_NOT_FOUND ? OK : e;
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | (c >= 'A' ? 0x20 : 0)) : NULL;
    return at ? (int)(at - digits) : -1;
}

// RFC 8187: "UTF-8''na%C3%AFve". RFC 7578 forbids it here, but clients that
// meet letters beyond ASCII send it all the same.
static enum err decode_extended(struct str *text, char *to)
{
    struct str rest = *text;
    struct str charset = str_cut(&rest, '\'');
    str_cut(&rest, '\'');
    if (!str_eq_nocase(charset, STR("utf-8")) || !rest.ptr)
        return fail(ERR_BAD_INPUT, "filename* is not in UTF-8");
    size_t len = 0;
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];
        if (c == '%') {
            bool is_whole = rest.len - i > 2;
            int high = is_whole ? hex(rest.ptr[i + 1]) : -1;
            int low = is_whole ? hex(rest.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return fail(ERR_BAD_INPUT, "a broken %% escape in filename*");
            c = (char)(high * 16 + low);
            i += 2;
        }
        to[len++] = c;
    }
    *text = (struct str){to, len};
    return OK;
}

static enum err read_disposition(struct str value, struct multipart_head *ret)
{
    if (!str_eq_nocase(field_media_type(value), STR("form-data")))
        return fail(ERR_BAD_INPUT, "a part is not form-data");
    bool has_name;
    TRY(read_param(value, STR("name"), ret->name_bytes, MULTIPART_NAME_BYTES,
                   &ret->name, &has_name));
    if (!has_name)
        return fail(ERR_BAD_INPUT, "a part has no name");
    bool has_plain, has_extended;
    TRY(read_param(value, STR("filename"), ret->filename_bytes,
                   MULTIPART_FILENAME_BYTES, &ret->filename, &has_plain));
    char extended[MULTIPART_FILENAME_BYTES];
    struct str text = {0};
    TRY(read_param(value, STR("filename*"), extended, sizeof extended, &text,
                   &has_extended));
    if (has_extended) {
        TRY(decode_extended(&text, ret->filename_bytes));
        ret->filename = text;
    }
    ret->is_file = has_plain || has_extended;
    if (!str_is_printable(ret->name) || !str_is_printable(ret->filename))
        return fail(ERR_BAD_INPUT,
                    "a part's name holds controls or is not UTF-8");
    return OK;
}

static enum err check_encoding(struct str value)
{
    if (str_eq_nocase(value, STR("binary")) ||
        str_eq_nocase(value, STR("8bit")) || str_eq_nocase(value, STR("7bit")))
        return OK;
    return fail(ERR_UNSUPPORTED, "a part with a Content-Transfer-Encoding");
}

enum err multipart_read_head(struct str text, struct multipart_head *ret)
{
    ret->is_file = false;
    ret->name = ret->filename = (struct str){0};
    bool has_disposition = false;
    while (text.len > 0) {
        struct str line = str_cut(&text, '\n');
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0)
            continue;
        struct str value = line;
        struct str name = str_cut(&value, ':');
        if (!value.ptr || !field_is_token(name))
            return fail(ERR_BAD_INPUT, "a malformed header of a part");
        value = str_trim(value);
        if (str_eq_nocase(name, STR("Content-Transfer-Encoding")))
            TRY(check_encoding(value));
        if (!str_eq_nocase(name, STR("Content-Disposition")))
            continue;
        if (has_disposition)
            return fail(ERR_BAD_INPUT, "a part with two Content-Dispositions");
        has_disposition = true;
        TRY(read_disposition(value, ret));
    }
    if (!has_disposition)
        return fail(ERR_BAD_INPUT, "a part without Content-Disposition");
    return OK;
}
