// SPDX-License-Identifier: MIT
// reeld.c - main: settings in, the house built floor by floor, torn down in
// reverse.
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "reeld/api.h"
#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/config.h"

enum {
    EXIT_USAGE = 2, // as sysexits and most tools have it
    CONFIG_TEXT_BYTES_MAX = 256 << 10,
    ARGUMENTS_MAX = 4,
    OPTION_FIRST = 0x1000, // settings follow, one key each
    OPTION_CONFIG = 'c',
    OPTION_SCOPE = 's',
    OPTION_LABEL = 'l',
};

static const char default_config[] = "/etc/reeld.conf";

struct command_line {
    struct config *config;
    const char *config_path; // NULL: the default, where it is there
    const char *scope, *label;
    const char *argument[ARGUMENTS_MAX];
    int arguments;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct command_line *line = state->input;
    // argp's own keys lie above ours.
    if (key >= OPTION_FIRST && key < OPTION_FIRST + (int)config_count()) {
        struct config_info info = config_info((size_t)(key - OPTION_FIRST));
        if (config_set_flag(line->config, str_of(info.name), str_of(value)) !=
            OK)
            argp_error(state, "%s", fail_text());
        return 0;
    }
    switch (key) {
    case OPTION_CONFIG:
        line->config_path = value;
        return 0;
    case OPTION_SCOPE:
        line->scope = value;
        return 0;
    case OPTION_LABEL:
        line->label = value;
        return 0;
    case ARGP_KEY_ARG:
        if (line->arguments == ARGUMENTS_MAX)
            argp_usage(state);
        line->argument[line->arguments++] = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

enum { FIXED_OPTIONS = 3 };

// One argp option a setting, after the fixed ones. argp keeps pointers to the
// texts, so they live until free_options().
static struct argp_option *make_options(void)
{
    static const struct argp_option fixed[FIXED_OPTIONS] = {
        {"config", OPTION_CONFIG, "FILE",   0,
         "Read settings from FILE (default: /etc/reeld.conf if it is there)", 1},
        {"scope",  OPTION_SCOPE,  "SCOPES", 0,
         "key add: what the key may do: admin, ingest, read",                 1},
        {"label",  OPTION_LABEL,  "TEXT",   0, "key add: a name for people",  1},
    };
    struct argp_option *options =
        NEW_ARRAY(FIXED_OPTIONS + config_count() + 1, struct argp_option);
    memcpy(options, fixed, sizeof fixed);
    for (size_t i = 0; i < config_count(); i++) {
        struct config_info info = config_info(i);
        options[FIXED_OPTIONS + i] =
            (struct argp_option){.name = mem_text(info.flag),
                                 .key = OPTION_FIRST + (int)i,
                                 .arg = "VALUE",
                                 .doc = info.meaning,
                                 .group = 2};
    }
    return options;
}

static void free_options(struct argp_option *options)
{
    for (size_t i = 0; i < config_count(); i++)
        free((void *)(uintptr_t)options[FIXED_OPTIONS + i].name);
    free(options);
}

static void parse_arguments(int argc, char **argv, struct command_line *line)
{
    argp_program_version = "reeld " REELD_VERSION;
    struct argp_option *options = make_options();
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "serve\nkey add|list|remove [ID]\ncheck-config\n"
                    "dump-config",
        .doc = "Segments uploads and serves them as HLS and DASH.\v"
               "Every setting is also a line of the configuration file and an "
               "environment variable (REELD_CACHE_BUDGET).",
    };
    argp_parse(&argp, argc, argv, 0, NULL, line);
    free_options(options);
}

static enum err read_settings(struct command_line *line)
{
    TRY(config_read_environment(line->config, environ));
    if (line->config_path)
        TRY(config_read_file(line->config, line->config_path));
    else if (access(default_config, F_OK) == 0)
        TRY(config_read_file(line->config, default_config));
    return config_check(line->config);
}

static int say_failure(const char *what)
{
    fprintf(stderr, "reeld: %s: %s\n", what, fail_text());
    return EXIT_FAILURE;
}

static int dump_config(const struct command_line *line)
{
    scoped(buf) struct buf text;
    buf_init(&text, CONFIG_TEXT_BYTES_MAX);
    config_dump(line->config, &text);
    if (buf_end(&text) != OK)
        return say_failure("dump-config");
    fwrite(text.bytes, 1, text.len, stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static enum err open_catalog(const struct settings *s, struct catalog **ret)
{
    char path[PATH_MAX];
    if (mkdir(s->data_dir, 0700) < 0 && errno != EEXIST)
        return fail_errno(ERR_IO, "make %s", s->data_dir);
    snprintf(path, sizeof path, "%s/catalog.db", s->data_dir);
    const struct catalog_options o = {.path = path, .asset_cache = 16};
    return catalog_open(&o, ret);
}

static enum err key_add(struct catalog *c, const struct command_line *line)
{
    unsigned scopes;
    struct api_key key;
    char text[API_KEY_TEXT_BYTES];
    if (!line->scope)
        return fail(ERR_BAD_INPUT,
                    "--scope is missing: admin, ingest, read, or several of "
                    "them with commas between");
    TRY(api_parse_scopes(str_of(line->scope), &scopes));
    TRY(api_add_key(c, scopes, line->label ? line->label : "", &key, text));
    printf("%s\n", text);
    return OK;
}

static enum err key_list(struct catalog *c)
{
    scoped(mem) struct api_key *keys = NULL;
    size_t count;
    TRY(catalog_list_keys(c, &keys, &count));
    for (size_t i = 0; i < count; i++) {
        char created[CLOCK_TEXT_BYTES];
        clock_format(keys[i].created_us, created);
        printf("%s  %s  %s%s%s %s%s\n", keys[i].id.text, created,
               keys[i].scopes & SCOPE_ADMIN ? " admin" : "",
               keys[i].scopes & SCOPE_INGEST ? " ingest" : "",
               keys[i].scopes & SCOPE_READ ? " read" : "",
               keys[i].revoked_us ? " revoked " : " ", keys[i].label);
    }
    return OK;
}

static enum err key_command(const struct settings *s,
                            const struct command_line *line)
{
    struct str verb = str_of(line->argument[1]);
    scoped(catalog) struct catalog *c = NULL;
    TRY(open_catalog(s, &c));
    if (str_eq(verb, STR("add")) && line->arguments == 2)
        return key_add(c, line);
    if (str_eq(verb, STR("list")) && line->arguments == 2)
        return key_list(c);
    if (str_eq(verb, STR("remove")) && line->arguments == 3) {
        struct id id;
        TRY(id_parse(str_of(line->argument[2]), &id));
        return catalog_revoke_key(c, &id);
    }
    return fail(ERR_BAD_INPUT, "usage: reeld key add --scope SCOPES | list | "
                               "remove ID");
}

int main(int argc, char **argv)
{
    scoped(config) struct config *config = config_new();
    struct command_line line = {.config = config};
    parse_arguments(argc, argv, &line);
    struct str command = str_of(line.argument[0]);
    if (read_settings(&line) != OK)
        return say_failure("settings"), EXIT_USAGE;
    const struct settings *s = config_settings(config);
    log_set_level((enum log_level)s->log_level);
    if (str_eq(command, STR("check-config")) && line.arguments == 1)
        return daemon_check(s) == OK ? EXIT_SUCCESS : say_failure("settings");
    if (str_eq(command, STR("dump-config")) && line.arguments == 1)
        return dump_config(&line);
    if (str_eq(command, STR("key")) && line.arguments >= 2)
        return key_command(s, &line) == OK ? EXIT_SUCCESS : say_failure("key");
    if (str_eq(command, STR("serve")) && line.arguments == 1)
        return daemon_serve(s) == OK ? EXIT_SUCCESS : say_failure("serve");
    fprintf(stderr, "reeld: no command \"%s\"; try reeld --help\n",
            line.argument[0]);
    return EXIT_USAGE;
}
