// SPDX-License-Identifier: MIT
// text.c - settings as people read them: dump, example file, help.
#include <stdio.h>
#include <string.h>

#include "entry.h"

enum { COLUMNS = 78 };

void config_origin(const struct config *c, int index,
                   char to[static ORIGIN_BYTES])
{
    const struct entry *entry = &c->entry[index];
    switch (entry->source) {
    case FROM_DEFAULT:
        snprintf(to, ORIGIN_BYTES, "default");
        return;
    case FROM_FILE:
        snprintf(to, ORIGIN_BYTES, "%s:%d", c->path, entry->line);
        return;
    case FROM_ENVIRONMENT:
        snprintf(to, ORIGIN_BYTES, "REELD_%s", setting_table[index].name);
        for (char *at = to + strlen("REELD_"); *at; at++)
            *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
        return;
    case FROM_FLAG:
        snprintf(to, ORIGIN_BYTES, "--%s", config_info((size_t)index).flag);
        return;
    }
}

void config_dump(const struct config *c, struct buf *out)
{
    for (int i = 0; i < SETTINGS; i++) {
        char origin[ORIGIN_BYTES];
        config_origin(c, i, origin);
        buf_printf(out, "%s = %s ; %s\n", setting_table[i].name,
                   c->entry[i].text, origin);
    }
}

// Comment lines of at most COLUMNS characters, broken between words.
static void write_comment(struct buf *out, struct str text)
{
    size_t column = 0;
    struct str rest = text;
    while (rest.ptr) {
        struct str word = str_cut(&rest, ' ');
        if (column == 0 || column + 1 + word.len > COLUMNS) {
            buf_text(out, column == 0 ? "#" : "\n#");
            column = 1;
        }
        buf_char(out, ' ');
        buf_str(out, word);
        column += 1 + word.len;
    }
    buf_char(out, '\n');
}

static void write_setting(const struct setting *s, struct buf *out)
{
    buf_char(out, '\n');
    write_comment(out, str_of(s->meaning));
    scoped(buf) struct buf allowed;
    buf_init(&allowed, CONFIG_ALLOWED_BYTES);
    buf_text(&allowed, "Allowed: ");
    value_describe(s, &allowed);
    buf_char(&allowed, '.');
    write_comment(out, buf_view(&allowed));
    buf_printf(out, "#%s =%s%s\n", s->name, s->fallback[0] ? " " : "",
               s->fallback);
}

void config_write_example(struct buf *out)
{
    buf_text(out,
             "# reeld.conf - every setting of reeld with its default.\n"
             "#\n"
             "# A flag (--cache-budget) goes before the environment\n"
             "# (REELD_CACHE_BUDGET), which goes before this file. `reeld\n"
             "# check-config` says what is wrong with it, `reeld dump-config`\n"
             "# where each value comes from.\n");
#define HEADING(text) buf_text(out, "\n\n# ---- " text " ----\n");
#define SETTING(type, name, ...)                                               \
    write_setting(&setting_table[SETTING_##name], out);
#include "settings.def"
}

size_t config_count(void)
{
    return SETTINGS;
}

struct config_info config_info(size_t index)
{
    const struct setting *s = &setting_table[index];
    struct config_info info = {
        .name = s->name,
        .meaning = s->meaning,
        .fallback = s->fallback,
    };
    str_copy(info.flag, sizeof(info.flag), str_of(s->name));
    for (char *at = info.flag; *at; at++)
        *at = *at == '_' ? '-' : *at;
    scoped(buf) struct buf allowed;
    buf_init(&allowed, sizeof(info.allowed) - 1);
    value_describe(s, &allowed);
    str_copy(info.allowed, sizeof(info.allowed), buf_view(&allowed));
    return info;
}
