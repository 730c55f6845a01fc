// SPDX-License-Identifier: MIT
// config.c - the values of all settings, from defaults, flags and environment.
#include "entry.h"

#include <stdlib.h>
#include <string.h>

#include "reeld/base/log.h"
#include "reeld/base/mem.h"

enum { SHOWN_BYTES = 80 }; // of a refused value in a message

static void *field_of(struct settings *values, int index)
{
    return (char *)values + setting_table[index].offset;
}

struct config *config_new(void)
{
    struct config *c = NEW(struct config);
    for (int i = 0; i < SETTINGS; i++) {
        const struct setting *s = &setting_table[i];
        c->entry[i].text = mem_text(s->fallback);
        if (!value_parse(s, c->entry[i].text, field_of(&c->values, i)))
            abort(); // a slip in settings.def
    }
    return c;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (int i = 0; i < SETTINGS; i++)
        free(c->entry[i].text);
    free(c->path);
    free(c);
}

const struct settings *config_settings(const struct config *c)
{
    return &c->values;
}

int setting_find(struct str name)
{
    for (int i = 0; i < SETTINGS; i++)
        if (str_eq(name, str_of(setting_table[i].name)))
            return i;
    return -1;
}

enum err config_put(struct config *c, int index, struct str value,
                    enum source source, int line)
{
    const struct setting *s = &setting_table[index];
    struct entry *entry = &c->entry[index];
    scoped(mem) char *text = str_dup(value);
    struct settings values = c->values;
    // A NUL would hide what stands behind it.
    if (strlen(text) != value.len ||
        !value_parse(s, text, field_of(&values, index))) {
        scoped(buf) struct buf allowed;
        buf_init(&allowed, CONFIG_ALLOWED_BYTES);
        value_describe(s, &allowed);
        char quoted[LOG_QUOTED_BYTES], shown[SHOWN_BYTES];
        str_copy(shown, sizeof(shown), value);
        return fail(ERR_BAD_INPUT, "%s = %s: allowed is %.*s", s->name,
                    log_quote(str_of(shown), quoted),
                    STR_ARG(buf_view(&allowed)));
    }
    if (source < entry->source)
        return OK;
    free(entry->text);
    *entry = (struct entry){take(text), source, line};
    c->values = values;
    return OK;
}

// The setting that is called `name` when each character is as `plain` makes it.
static int find_spelled(struct str name, char (*plain)(char c))
{
    char spelled[CONFIG_FLAG_BYTES];
    if (name.len >= sizeof(spelled))
        return -1;
    for (size_t i = 0; i < name.len; i++)
        spelled[i] = plain(name.ptr[i]);
    return setting_find((struct str){spelled, name.len});
}

static char from_flag(char c)
{
    return c == '-' ? '_' : c;
}

static char from_environment(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

enum err config_set_flag(struct config *c, struct str name, struct str value)
{
    int index = find_spelled(name, from_flag);
    if (index < 0)
        return fail(ERR_BAD_INPUT, "--%.*s: no such setting", STR_ARG(name));
    enum err result = config_put(c, index, value, FROM_FLAG, 0);
    if (result != OK)
        return fail(result, "--%.*s: %s", STR_ARG(name), fail_text());
    return OK;
}

static enum err set_variable(struct config *c, struct str name,
                             struct str value)
{
    int index = find_spelled(name, from_environment);
    if (index < 0)
        return fail(ERR_BAD_INPUT, "REELD_%.*s: no such setting",
                    STR_ARG(name));
    enum err result = config_put(c, index, value, FROM_ENVIRONMENT, 0);
    if (result != OK)
        return fail(result, "REELD_%.*s: %s", STR_ARG(name), fail_text());
    return OK;
}

enum err config_read_environment(struct config *c, char *const *environment)
{
    for (char *const *variable = environment; *variable; variable++) {
        struct str value = str_of(*variable);
        if (!str_starts(value, STR("REELD_")))
            continue;
        value = str_skip(value, 6);
        struct str name = str_cut(&value, '=');
        TRY(set_variable(c, name, value));
    }
    return OK;
}

// Two settings of the same unit where one must not pass the other.
#define AT_MOST(c, less, more, unit)                                           \
    at_most(c, SETTING_##less, (c)->values.less##unit, SETTING_##more,         \
            (c)->values.more##unit)

static enum err at_most(const struct config *c, int less_index, int64_t less,
                        int more_index, int64_t more)
{
    if (less <= more)
        return OK;
    char less_origin[ORIGIN_BYTES], more_origin[ORIGIN_BYTES];
    config_origin(c, less_index, less_origin);
    config_origin(c, more_index, more_origin);
    return fail(
        ERR_BAD_INPUT, "%s = %s (%s): must not be more than %s = %s (%s)",
        setting_table[less_index].name, c->entry[less_index].text, less_origin,
        setting_table[more_index].name, c->entry[more_index].text, more_origin);
}

enum err config_check(const struct config *c)
{
    TRY(AT_MOST(c, gop_duration, segment_duration, _us));
    TRY(AT_MOST(c, segment_duration, segment_duration_max, _us));
    TRY(AT_MOST(c, grant_life, grant_life_max, _us));
    TRY(AT_MOST(c, uploads_per_key, uploads_max, ));
    TRY(AT_MOST(c, parked_max, connections, ));
    const struct settings_list *first = &c->values.bootstrap_durations_us;
    for (uint32_t i = 0; i < first->count; i++)
        TRY(at_most(c, SETTING_bootstrap_durations, first->item[i],
                    SETTING_segment_duration, c->values.segment_duration_us));
    return OK;
}
