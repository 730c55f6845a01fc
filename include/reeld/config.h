// SPDX-License-Identifier: MIT
// config.h - what the operator decides: flag over environment over file over
// default.
//
// All settings stand in src/config/settings.def and nowhere else. Only the
// mains open this door; they hand each room its own struct of options.
//
//     scoped(config) struct config *c = config_new();     // defaults
//     TRY(config_set_flag(c, STR("cache-budget"), STR("20GiB")));
//     TRY(config_read_environment(c, environ));
//     TRY(config_read_file(c, "/etc/reeld.conf"));
//     TRY(config_check(c));
//     const struct settings *s = config_settings(c);
//
// The order of the calls does not matter: a weaker source never changes what a
// stronger one has set, but its values are checked all the same.
//
// Threads: one at a time a config; any once it is not changed any more.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"

enum { SETTINGS_LIST_MAX = 8 };

struct settings_list {
    uint32_t count;
    int64_t item[SETTINGS_LIST_MAX];
};

// Values of the settings that are one word out of a few, in the order in which
// settings.def lists the words. log_level is an enum log_level.
enum { PLAYBACK_SIGNED, PLAYBACK_OPEN };
enum { SANDBOX_REQUIRED, SANDBOX_OFF };
enum { LADDER_BACKGROUND, LADDER_ON_DEMAND };

// One field a setting, named after it, with its unit behind: `workers`,
// `upload_limit_bytes`, `segment_wait_us`, `audio_bitrates_bps`. Text is
// owned by the config.
#define FIELD_NUMBER(name)    int32_t name;
#define FIELD_BYTES(name)     int64_t name##_bytes;
#define FIELD_DURATION(name)  int64_t name##_us;
#define FIELD_SWITCH(name)    bool name;
#define FIELD_TEXT(name)      const char *name;
#define FIELD_CHOICE(name)    int name;
#define FIELD_WORD(name)      const char *name;
#define FIELD_DURATIONS(name) struct settings_list name##_us;
#define FIELD_RATES(name)     struct settings_list name##_bps;
#define HEADING(text)
#define SETTING(type, name, ...) FIELD_##type(name)
struct settings {
#include "../../src/config/settings.def"
};
#undef HEADING
#undef SETTING
#undef FIELD_NUMBER
#undef FIELD_BYTES
#undef FIELD_DURATION
#undef FIELD_SWITCH
#undef FIELD_TEXT
#undef FIELD_CHOICE
#undef FIELD_WORD
#undef FIELD_DURATIONS
#undef FIELD_RATES

struct config;

struct config *config_new(void); // every setting at its default
void config_free(struct config *c);
DEFINE_SCOPED(config, struct config *, config_free)

// Valid as long as the config and until the next change of it.
const struct settings *config_settings(const struct config *c);

// A command line flag without its dashes: "cache-budget" or "cache_budget".
// The last of several wins. ERR_BAD_INPUT: no such setting, or not allowed.
must_check enum err config_set_flag(struct config *c, struct str name,
                                    struct str value);
// Every REELD_CACHE_BUDGET=... of a NULL-terminated environment. A REELD_ name
// that is no setting is an error, as it is most likely a slip.
must_check enum err config_read_environment(struct config *c,
                                            char *const *environment);
// `path` is kept for messages. ERR_NOT_FOUND when there is no such file,
// ERR_BAD_INPUT with "path:line: setting ...: what is allowed".
must_check enum err config_read_file(struct config *c, const char *path);
must_check enum err config_read_text(struct config *c, const char *path,
                                     struct str text);
// What settings must be to each other. ERR_BAD_INPUT names both and where they
// were set.
must_check enum err config_check(const struct config *c);

// "cache_budget = 20GiB ; /etc/reeld.conf:12", a line each: readable as a file.
void config_dump(const struct config *c, struct buf *out);
// conf/reeld.conf: each setting with meaning, bounds and default, all of them
// commented out.
void config_write_example(struct buf *out);

// For --help: setting `index` of config_count().
enum { CONFIG_FLAG_BYTES = 32, CONFIG_ALLOWED_BYTES = 160 };
struct config_info {
    const char *name;                   // "cache_budget"
    char flag[CONFIG_FLAG_BYTES];       // "cache-budget"
    const char *meaning;                // sentences
    const char *fallback;               // default, as text
    char allowed[CONFIG_ALLOWED_BYTES]; // "0 to 1024TiB (units ...)"
};
size_t config_count(void);
struct config_info config_info(size_t index);
