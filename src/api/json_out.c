// SPDX-License-Identifier: MIT
// json_out.c - a JSON writer in 100 lines.
#include "reeld/api/json_out.h"

#include <inttypes.h>
#include <stdlib.h>

#include "reeld/base/clock.h"

static void write_text(struct buf *to, struct str text)
{
    buf_char(to, '"');
    size_t done = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buf_add(to, text.ptr + done, i - done);
        done = i + 1;
        if (c == '"' || c == '\\')
            buf_printf(to, "\\%c", c);
        else if (c == '\n')
            buf_text(to, "\\n");
        else
            buf_printf(to, "\\u%04x", c);
    }
    buf_add(to, text.ptr + done, text.len - done);
    buf_char(to, '"');
}

static void begin(struct json_out *j, const char *name)
{
    if (j->needs_comma)
        buf_char(j->to, ',');
    j->needs_comma = true;
    if (!name)
        return;
    write_text(j->to, str_of(name));
    buf_char(j->to, ':');
}

void json_open(struct json_out *j, const char *name, char bracket)
{
    begin(j, name);
    buf_char(j->to, bracket);
    j->needs_comma = false;
}

void json_close(struct json_out *j, char bracket)
{
    buf_char(j->to, bracket);
    j->needs_comma = true;
}

// What is not UTF-8 cannot stand in JSON. Texts are checked where they come in;
// this is for those of libraries and files.
void json_str(struct json_out *j, const char *name, struct str text)
{
    begin(j, name);
    write_text(j->to, str_is_utf8(text) ? text : STR("?"));
}

void json_text(struct json_out *j, const char *name, const char *text)
{
    json_str(j, name, str_of(text));
}

void json_int(struct json_out *j, const char *name, int64_t value)
{
    begin(j, name);
    buf_printf(j->to, "%" PRId64, value);
}

void json_bool(struct json_out *j, const char *name, bool value)
{
    begin(j, name);
    buf_text(j->to, value ? "true" : "false");
}

void json_none(struct json_out *j, const char *name)
{
    begin(j, name);
    buf_text(j->to, "null");
}

void json_raw(struct json_out *j, const char *name, const char *json)
{
    begin(j, name);
    buf_text(j->to, json);
}

void json_decimal(struct json_out *j, const char *name, int64_t value,
                  int places)
{
    begin(j, name);
    int64_t unit = 1;
    for (int i = 0; i < places; i++)
        unit *= 10;
    int64_t part = llabs(value % unit);
    while (places > 0 && part % 10 == 0) {
        part /= 10;
        places--;
    }
    const char *sign = value < 0 ? "-" : "";
    buf_printf(j->to, "%s%" PRId64, sign, (int64_t)llabs(value / unit));
    if (places > 0)
        buf_printf(j->to, ".%0*" PRId64, places, part);
}

void json_time(struct json_out *j, const char *name, int64_t wall_us)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(wall_us, text);
    json_text(j, name, text);
}
