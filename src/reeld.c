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
#include "tools.h"

enum {
    EXIT_USAGE = 2, // as sysexits and most tools have it
    CONFIG_TEXT_BYTES_MAX = 256 << 10,
    ARGUMENTS_MAX = 4,
    OPTION_FIRST = 0x1000, // settings follow, one key each
    OPTION_CONFIG = 'c',
    OPTION_SCOPE = 's',
    OPTION_LABEL = 'l',
    OPTION_SCRUB = 'S',
    OPTION_DRY_RUN = 'n',
};

static const char default_config[] = "/etc/reeld.conf";

struct command_line {
    struct config *config;
    const char *config_path; // NULL: the default, where it is there
    const char *scope, *label;
    bool does_scrub, is_dry;
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
    case OPTION_SCRUB:
        line->does_scrub = true;
        return 0;
    case OPTION_DRY_RUN:
        line->is_dry = true;
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

enum { FIXED_OPTIONS = 5 };

// One argp option a setting, after the fixed ones. argp keeps pointers to the
// texts, so they live until free_options().
static struct argp_option *make_options(void)
{
    static const struct argp_option fixed[FIXED_OPTIONS] = {
        {"config",  OPTION_CONFIG,  "FILE",   0,
         "Read settings from FILE (default: /etc/reeld.conf if it is there)",  1},
        {"scope",   OPTION_SCOPE,   "SCOPES", 0,
         "key add: what the key may do: admin, ingest, read",                  1},
        {"label",   OPTION_LABEL,   "TEXT",   0, "key add: a name for people", 1},
        {"scrub",   OPTION_SCRUB,   NULL,     0,
         "fsck: read every upload and compare its SHA-256, too",               1},
        {"dry-run", OPTION_DRY_RUN, NULL,     0,
         "gc: say what would go, and remove nothing",                          1},
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
        .args_doc = "serve\ncheck-config\ndump-config\nfsck\ngc\n"
                    "backup FILE\nkey add\nkey list\nkey remove ID",
        .doc = "Segments uploads and serves them as HLS and DASH.\n\n"
               "  serve         serves until SIGTERM\n"
               "  check-config  says what is wrong with the settings\n"
               "  dump-config   prints each setting and where it is from\n"
               "  fsck          compares facts with files; exit status 1: "
               "something is lost or damaged\n"
               "  gc            removes what nobody needs\n"
               "  backup        copies the catalog to a new file\n"
               "  key           makes, lists and revokes API keys; while reeld "
               "serves, /v1/keys does\n\n"
               "fsck, gc and backup may be run while reeld serves.\v"
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

struct catalog_options tool_catalog(const struct settings *s,
                                    char path[static PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/catalog.db", s->data_dir);
    return (struct catalog_options){
        .path = path, .asset_cache = 1, .backup_lag_us = s->backup_lag_us};
}

static enum err open_catalog(const struct settings *s, struct catalog **ret)
{
    char path[PATH_MAX];
    if (mkdir(s->data_dir, 0700) < 0 && errno != EEXIST)
        return fail_errno(ERR_IO, "make %s", s->data_dir);
    const struct catalog_options o = tool_catalog(s, path);
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
    enum err e = open_catalog(s, &c);
    if (e == ERR_CONFLICT)
        return fail(e, "%s; its keys are at /v1/keys", fail_text());
    TRY(e);
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

enum tool_exit tool_failure(const char *what)
{
    say_failure(what);
    return TOOL_FAILED;
}

static int run_check_config(const struct command_line *line)
{
    return daemon_check(config_settings(line->config)) == OK
               ? EXIT_SUCCESS
               : say_failure("settings");
}

static int run_key(const struct command_line *line)
{
    return key_command(config_settings(line->config), line) == OK
               ? EXIT_SUCCESS
               : say_failure("key");
}

static int run_serve(const struct command_line *line)
{
    return daemon_serve(config_settings(line->config)) == OK
               ? EXIT_SUCCESS
               : say_failure("serve");
}

static int run_fsck(const struct command_line *line)
{
    return tool_fsck(config_settings(line->config), line->does_scrub);
}

static int run_gc(const struct command_line *line)
{
    return tool_gc(config_settings(line->config), line->is_dry);
}

static int run_backup(const struct command_line *line)
{
    return tool_backup(config_settings(line->config), line->argument[1]);
}

static const struct {
    const char *name;
    int least, most; // arguments, the name among them
    int (*run)(const struct command_line *line);
} commands[] = {
    {"serve",        1, 1, run_serve       },
    {"check-config", 1, 1, run_check_config},
    {"dump-config",  1, 1, dump_config     },
    {"fsck",         1, 1, run_fsck        },
    {"gc",           1, 1, run_gc          },
    {"backup",       2, 2, run_backup      },
    {"key",          2, 3, run_key         },
};

int main(int argc, char **argv)
{
    scoped(config) struct config *config = config_new();
    struct command_line line = {.config = config};
    parse_arguments(argc, argv, &line);
    if (read_settings(&line) != OK)
        return say_failure("settings"), EXIT_USAGE;
    log_set_level((enum log_level)config_settings(config)->log_level);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (str_eq(str_of(line.argument[0]), str_of(commands[i].name)) &&
            line.arguments >= commands[i].least &&
            line.arguments <= commands[i].most)
            return commands[i].run(&line);
    fprintf(stderr,
            "reeld: no command \"%s\" with %d arguments; try reeld "
            "--help\n",
            line.argument[0], line.arguments - 1);
    return EXIT_USAGE;
}
