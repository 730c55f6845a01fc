// SPDX-License-Identifier: MIT
// uri.c - request targets taken apart: path, parts, query.
#include "reeld/http/uri.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// Decodes %XX (and '+' where it means a blank) from `s` to `to`, which may be
// s.ptr itself; *ret is what was written.
static enum err decode(struct str s, bool plus_is_blank, char *to,
                       struct str *ret)
{
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '+' && plus_is_blank) {
            c = ' ';
        } else if (c == '%') {
            bool is_whole = s.len - i > 2;
            int high = is_whole ? digit(s.ptr[i + 1]) : -1;
            int low = is_whole ? digit(s.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return fail(ERR_BAD_INPUT, "a broken %% escape");
            c = (char)(high * 16 + low);
            i += 2;
        }
        to[len++] = c;
    }
    *ret = (struct str){to, len};
    return OK;
}

// What stands behind "http://host", for targets in absolute form.
static struct str skip_origin(struct str target)
{
    if (!str_starts(target, STR("http://")) &&
        !str_starts(target, STR("https://")))
        return target;
    struct str host = str_skip(target, target.ptr[4] == 's' ? 8 : 7);
    struct str rest = host;
    while (rest.len > 0 && rest.ptr[0] != '/' && rest.ptr[0] != '?')
        rest = str_skip(rest, 1);
    // Without a host it is in no form.
    return rest.len < host.len ? rest : target;
}

bool uri_is_below(struct str target, struct str prefix)
{
    struct str path = skip_origin(target);
    if (!str_starts(path, prefix))
        return false;
    struct str rest = str_skip(path, prefix.len);
    return rest.len == 0 || rest.ptr[0] == '/' || rest.ptr[0] == '?';
}

enum err uri_split(struct str target, struct uri *ret)
{
    for (size_t i = 0; i < target.len; i++) {
        unsigned char c = (unsigned char)target.ptr[i];
        if (c <= ' ' || c == 0x7f || c == '#')
            return fail(ERR_BAD_INPUT,
                        "the request target holds a character that must be "
                        "percent-encoded");
    }
    struct str rest = skip_origin(target);
    bool is_absolute = rest.ptr != target.ptr;
    if (is_absolute && (rest.len == 0 || rest.ptr[0] == '?')) {
        *ret = (struct uri){STR("/"), str_skip(rest, rest.len > 0)};
        return OK;
    }
    if (rest.len == 0 || rest.ptr[0] != '/')
        return fail(ERR_BAD_INPUT, "the request target has no path");
    struct str path = str_cut(&rest, '?');
    *ret = (struct uri){path, rest};
    return OK;
}

// A part that cannot be taken for anything but a name.
static bool is_plain(struct str part)
{
    if (str_eq(part, STR(".")) || str_eq(part, STR("..")))
        return false;
    if (part.len > 0 &&
        (memchr(part.ptr, '/', part.len) || memchr(part.ptr, '\\', part.len)))
        return false;
    return str_is_printable(part);
}

enum err uri_decode_path(struct str path, char *to, struct uri_path *ret)
{
    ret->count = 0;
    if (path.len == 0 || path.ptr[0] != '/')
        return fail(ERR_BAD_INPUT, "a path starts with '/'");
    struct str rest = str_skip(path, 1);
    if (rest.len == 0)
        return OK;
    // rest.ptr turns NULL behind the last part, an empty last part included.
    while (rest.ptr) {
        if (ret->count == URI_PARTS_MAX)
            return fail(ERR_BAD_INPUT, "the path has more than %d parts",
                        URI_PARTS_MAX);
        struct str part;
        TRY(decode(str_cut(&rest, '/'), false, to, &part));
        if (!is_plain(part))
            return fail(ERR_BAD_INPUT,
                        "a part of the path is not plain text: '.', '..', "
                        "slashes, controls or bad UTF-8");
        ret->part[ret->count++] = part;
        to += part.len;
        if (rest.ptr)
            *to++ = '/';
    }
    return OK;
}

void uri_drop_empty_parts(struct uri_path *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++)
        if (p->part[i].len > 0)
            p->part[kept++] = p->part[i];
    p->count = kept;
}

size_t uri_query_pairs(struct str query)
{
    size_t count = query.len > 0;
    for (size_t i = 0; i < query.len; i++)
        count += query.ptr[i] == '&';
    return count;
}

enum err uri_decode_query(struct str query, char *to, struct uri_pair *pairs,
                          size_t *ret_count)
{
    size_t count = 0;
    struct str rest = query;
    while (rest.len > 0) {
        struct str value = str_cut(&rest, '&');
        if (value.len == 0)
            continue;
        struct str name = str_cut(&value, '=');
        struct uri_pair *pair = &pairs[count];
        TRY(decode(name, true, to, &pair->name));
        to += pair->name.len;
        TRY(decode(value, true, to, &pair->value));
        to += pair->value.len;
        if (!str_is_utf8(pair->name) || !str_is_utf8(pair->value))
            return fail(ERR_BAD_INPUT, "the query is not valid UTF-8");
        count++;
    }
    *ret_count = count;
    return OK;
}
