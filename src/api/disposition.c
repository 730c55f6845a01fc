// SPDX-License-Identifier: MIT
// disposition.c - the name that a file is saved under.
#include "disposition.h"

#include <string.h>
#include <strings.h>

enum { HEADER_BYTES_MAX = 2048 };

static bool is_media_ending(struct str text)
{
    static const char *const endings[] = {
        "mp4", "m4v",  "mov", "mkv", "webm", "avi", "ts",  "mts",  "m2ts",
        "mpg", "mpeg", "wmv", "flv", "3gp",  "ogv", "mp3", "m4a",  "aac",
        "wav", "flac", "ogg", "oga", "opus", "wma", "mka", "aiff", "ac3",
    };
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (text.len == strlen(endings[i]) &&
            strncasecmp(text.ptr, endings[i], text.len) == 0)
            return true;
    return false;
}

static struct str stem_of(struct str name)
{
    for (size_t at = name.len; at-- > 1;)
        if (name.ptr[at] == '.')
            return is_media_ending(str_skip(name, at + 1))
                       ? (struct str){name.ptr, at}
                       : name;
    return name;
}

// Quotes, what separates folders, and whatever is no printable ASCII.
static void add_plain(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_plain = c >= 0x20 && c < 0x7F && !strchr("\"\\/%", c);
        // A letter of several bytes is one stroke.
        if (((unsigned char)c & 0xC0) != 0x80)
            buf_char(to, is_plain ? c : '_');
    }
}

void add_disposition(struct http_request *r, const char *name,
                     const char *ending)
{
    struct str stem = str_of(name[0] ? name : "download");
    if (ending)
        stem = stem_of(stem);
    scoped(buf) struct buf text;
    buf_init(&text, HEADER_BYTES_MAX);
    buf_text(&text, "attachment; filename=\"");
    add_plain(&text, stem);
    buf_printf(&text, "%s%s\"; filename*=UTF-8''", ending ? "." : "",
               ending ? ending : "");
    url_encode(&text, stem);
    buf_printf(&text, "%s%s", ending ? "." : "", ending ? ending : "");
    // Of names up to their limit it always fits.
    if (buf_end(&text) == OK)
        http_header(r, "Content-Disposition", (const char *)text.bytes);
}
