// SPDX-License-Identifier: MIT
// config_test.c - settings, their sources and what is refused.
#include "reeld/config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "unit.h"

static enum err read_text(struct config *c, const char *text)
{
    return config_read_text(c, "x.conf", str_of(text));
}

// The complaint about a file that consists of `text`.
static void assert_refused(const char *text, const char *complaint)
{
    scoped(config) struct config *c = config_new();
    assert_int_equal(read_text(c, text), ERR_BAD_INPUT);
    assert_string_equal(fail_text(), complaint);
}

static void every_setting_has_a_valid_default(void **state)
{
    (void)state;
    scoped(config) struct config *c = config_new();
    const struct settings *s = config_settings(c);
    assert_string_equal(s->listen, "127.0.0.1:8080");
    assert_int_equal(s->log_level, LOG_INFO);
    assert_int_equal(s->playback, PLAYBACK_SIGNED);
    assert_int_equal(s->sandbox, SANDBOX_REQUIRED);
    assert_int_equal(s->ladder, LADDER_BACKGROUND);
    assert_true(s->upload_limit_bytes == INT64_C(20) << 30);
    assert_int_equal(s->segment_wait_us, 30000000);
    assert_int_equal(s->bootstrap_durations_us.count, 2);
    assert_int_equal(s->bootstrap_durations_us.item[1], 2000000);
    assert_int_equal(s->audio_bitrates_bps.count, 2);
    assert_int_equal(s->audio_bitrates_bps.item[0], 128000);
    assert_true(s->copy_source);
    assert_int_equal(config_check(c), OK);
}

static void words_stand_for_their_constants(void **state)
{
    (void)state;
    scoped(config) struct config *c = config_new();
    assert_int_equal(read_text(c, "log_level = debug\nplayback = open\n"
                                  "sandbox = off\nladder = on_demand\n"
                                  "preset = slow\ncopy_source = off\n"),
                     OK);
    const struct settings *s = config_settings(c);
    assert_int_equal(s->log_level, LOG_DEBUG);
    assert_int_equal(s->playback, PLAYBACK_OPEN);
    assert_int_equal(s->sandbox, SANDBOX_OFF);
    assert_int_equal(s->ladder, LADDER_ON_DEMAND);
    assert_string_equal(s->preset, "slow");
    assert_false(s->copy_source);
}

static void units_are_understood(void **state)
{
    (void)state;
    scoped(config) struct config *c = config_new();
    static const struct {
        const char *text;
        int64_t us;
    } durations[] = {
        {"1000ms", 1000000  },
        {"1s",     1000000  },
        {"5m",     300000000},
        {"10m",    600000000},
    };
    for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
        assert_int_equal(
            config_set_flag(c, STR("segment-wait"), str_of(durations[i].text)),
            OK);
        assert_true(config_settings(c)->segment_wait_us == durations[i].us);
    }
    static const struct {
        const char *text;
        int64_t bytes;
    } sizes[] = {
        {"0",    0               },
        {"4096", 4096            },
        {"3KiB", 3072            },
        {"3MiB", 3 << 20         },
        {"3GiB", INT64_C(3) << 30},
        {"3TiB", INT64_C(3) << 40},
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        assert_int_equal(
            config_set_flag(c, STR("cache_budget"), str_of(sizes[i].text)), OK);
        assert_true(config_settings(c)->cache_budget_bytes == sizes[i].bytes);
    }
}

static void values_that_are_not_allowed_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } bad[] = {
        {"workers",             "257"                       },
        {"workers",             "-1"                        },
        {"workers",             ""                          },
        {"workers",             "1s"                        },
        {"workers",             "two"                       },
        {"crf",                 "9"                         },
        {"segment_wait",        "30"                        },
        {"segment_wait",        "999ms"                     },
        {"segment_wait",        "10m1s"                     },
        {"segment_wait",        "1.5s"                      },
        {"segment_wait",        "601s"                      },
        {"segment_wait",        "s"                         },
        {"segment_wait",        "99999999999999999999d"     },
        {"segment_wait",        "9223372036854775807d"      },
        {"cache_budget",        "20GB"                      },
        {"cache_budget",        "20 GiB"                    },
        {"cache_budget",        "1025TiB"                   },
        {"cache_budget",        "9223372036854775807TiB"    },
        {"copy_source",         "yes"                       },
        {"copy_source",         "ON"                        },
        {"playback",            "closed"                    },
        {"playback",            ""                          },
        {"playback",            "signed open"               },
        {"preset",              "placebo"                   },
        {"listen",              ""                          },
        {"web_dir",             "a\nb"                      },
        {"web_dir",             "\xFF"                      },
        {"bootstrap_durations", "2s,2s"                     },
        {"bootstrap_durations", "2s 31s"                    },
        {"bootstrap_durations", "2s 2s 2s 2s 2s 2s 2s 2s 2s"},
        {"audio_bitrates",      ""                          },
        {"audio_bitrates",      "128k 64k 32k 24k 16k"      },
        {"audio_bitrates",      "15k"                       },
    };
    scoped(config) struct config *c = config_new();
    struct settings before = *config_settings(c);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(
            config_set_flag(c, str_of(bad[i].name), str_of(bad[i].value)),
            ERR_BAD_INPUT);
    assert_int_equal(config_set_flag(c, STR("web_dir"), STR("a\0b")),
                     ERR_BAD_INPUT);
    assert_memory_equal(&before, config_settings(c), sizeof(before));
}

static void bounds_themselves_are_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } good[] = {
        {"workers",             "0"       },
        {"workers",             "256"     },
        {"segment_wait",        "1s"      },
        {"segment_wait",        "600s"    },
        {"cache_budget",        "0"       },
        {"cache_budget",        "1024TiB" },
        {"bootstrap_durations", ""        },
        {"bootstrap_durations", " 1s  2s "},
        {"audio_bitrates",      "96k"     },
        {"audio_bitrates",      "16000"   },
        {"web_dir",             ""        },
    };
    scoped(config) struct config *c = config_new();
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_int_equal(
            config_set_flag(c, str_of(good[i].name), str_of(good[i].value)),
            OK);
}

static void the_stronger_source_wins_in_any_order(void **state)
{
    (void)state;
    char variable[] = "REELD_WORKERS=2";
    char *environment[] = {variable, NULL};
    for (int order = 0; order < 6; order++) {
        scoped(config) struct config *c = config_new();
        // Three steps, each order of them: flag 0, environment 1, file 2.
        static const int orders[6][3] = {
            {0, 1, 2},
            {0, 2, 1},
            {1, 0, 2},
            {1, 2, 0},
            {2, 0, 1},
            {2, 1, 0}
        };
        for (int i = 0; i < 3; i++) {
            if (orders[order][i] == 0)
                assert_int_equal(config_set_flag(c, STR("workers"), STR("1")),
                                 OK);
            if (orders[order][i] == 1)
                assert_int_equal(config_read_environment(c, environment), OK);
            if (orders[order][i] == 2)
                assert_int_equal(read_text(c, "workers = 3\nspares = 3\n"), OK);
        }
        assert_int_equal(config_settings(c)->workers, 1);
        assert_int_equal(config_settings(c)->spares, 3);
    }
}

static void the_last_of_several_flags_wins(void **state)
{
    (void)state;
    scoped(config) struct config *c = config_new();
    assert_int_equal(config_set_flag(c, STR("listen"), STR("a:1")), OK);
    assert_int_equal(config_set_flag(c, STR("listen"), STR("b:2")), OK);
    assert_string_equal(config_settings(c)->listen, "b:2");
}

static void a_weaker_source_is_checked_all_the_same(void **state)
{
    (void)state;
    scoped(config) struct config *c = config_new();
    assert_int_equal(config_set_flag(c, STR("workers"), STR("1")), OK);
    assert_int_equal(read_text(c, "workers = many\n"), ERR_BAD_INPUT);
    assert_int_equal(config_settings(c)->workers, 1);
}

static void unknown_settings_are_refused_by_name(void **state)
{
    (void)state;
    scoped(config) struct config *c = config_new();
    assert_int_equal(config_set_flag(c, STR("cach-budget"), STR("1")),
                     ERR_BAD_INPUT);
    assert_string_equal(fail_text(), "--cach-budget: no such setting");
    char variable[] = "REELD_CACH_BUDGET=1";
    char *environment[] = {variable, NULL};
    assert_int_equal(config_read_environment(c, environment), ERR_BAD_INPUT);
    assert_string_equal(fail_text(), "REELD_CACH_BUDGET: no such setting");
    assert_refused("workers = 1\n\nCach_budget = 1\n",
                   "x.conf:3: no such setting: \"Cach_budget\"");
    assert_int_equal(
        config_set_flag(c, STR("cache-budget-that-is-far-too-long-a-name"),
                        STR("1")),
        ERR_BAD_INPUT);
}

static void other_variables_are_left_alone(void **state)
{
    (void)state;
    char home[] = "HOME=/root", bare[] = "REELD", lower[] = "reeld_x=1";
    char *environment[] = {home, bare, lower, NULL};
    scoped(config) struct config *c = config_new();
    assert_int_equal(config_read_environment(c, environment), OK);
}

static void complaints_name_place_setting_and_what_is_allowed(void **state)
{
    (void)state;
    assert_refused("# head\nworkers = 2\ncache_budget = 20GB\n",
                   "x.conf:3: cache_budget = \"20GB\": allowed is 0 to "
                   "1024TiB (units KiB MiB GiB TiB)");
    scoped(config) struct config *c = config_new();
    assert_int_equal(config_set_flag(c, STR("log-level"), STR("loud")),
                     ERR_BAD_INPUT);
    assert_string_equal(fail_text(),
                        "--log-level: log_level = \"loud\": allowed is one of "
                        "error warn info debug");
    char variable[] = "REELD_WORKERS=\x1b[0m";
    char *environment[] = {variable, NULL};
    assert_int_equal(config_read_environment(c, environment), ERR_BAD_INPUT);
    assert_string_equal(fail_text(),
                        "REELD_WORKERS: workers = \"\\x1b[0m\": allowed is "
                        "0 to 256 processes");
}

static void a_malformed_file_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused("workers = 1\nnonsense\n",
                   "x.conf:2: not of the form name = value");
    assert_refused("[worker]\nworkers = 1\n",
                   "x.conf:2: settings stand alone, without a [section]");
    assert_refused("workers = 1\nspares = 1\nworkers = 2\n",
                   "x.conf:3: workers was set in line 1 already");
    assert_refused("listen = a\n  b\n",
                   "x.conf:2: listen was set in line 1 already");
    scoped(config) struct config *c = config_new();
    assert_int_equal(
        config_read_text(c, "x.conf", STR("workers = 1\nspa\0res = 1\n")),
        ERR_BAD_INPUT);
    assert_string_equal(fail_text(), "x.conf:2: a NUL in the line");
}

static void the_longest_line_is_read_whole_and_no_longer(void **state)
{
    (void)state;
    enum { LONGEST = 197 };
    char text[LONGEST + 3];
    for (int len = LONGEST; len <= LONGEST + 1; len++) {
        memset(text, 'x', sizeof(text));
        memcpy(text, "web_dir = ", 10);
        text[len] = '\n';
        text[len + 1] = '\0';
        scoped(config) struct config *c = config_new();
        if (len == LONGEST) {
            assert_int_equal(read_text(c, text), OK);
            assert_int_equal(strlen(config_settings(c)->web_dir), len - 10);
        } else {
            assert_int_equal(read_text(c, text), ERR_BAD_INPUT);
            assert_string_equal(fail_text(), "x.conf:1: the line is too long");
        }
    }
}

static void comments_blanks_and_line_ends_do_not_matter(void **state)
{
    (void)state;
    scoped(config) struct config *c = config_new();
    assert_int_equal(read_text(c, "\xEF\xBB\xBF# a\r\n\r\n; b\r\n"
                                  "workers=5 ; five\r\n"
                                  "spares =  7  "),
                     OK);
    assert_int_equal(config_settings(c)->workers, 5);
    assert_int_equal(config_settings(c)->spares, 7);
}

static void an_absent_file_is_not_found(void **state)
{
    (void)state;
    scoped(config) struct config *c = config_new();
    assert_int_equal(config_read_file(c, "/nonexistent/x.conf"), ERR_NOT_FOUND);
    assert_int_equal(config_read_file(c, "/"), ERR_IO);
}

static void a_file_is_read_by_its_path(void **state)
{
    (void)state;
    char path[] = "/tmp/reeld-config-XXXXXX";
    scoped(fd) int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, "workers = 4\n", 12), OK);
    scoped(config) struct config *c = config_new();
    enum err result = config_read_file(c, path);
    unlink(path);
    assert_int_equal(result, OK);
    assert_int_equal(config_settings(c)->workers, 4);
}

static void settings_must_fit_each_other(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "gop_duration = 5s\n", "segment_duration = 7s\n",
        "grant_life = 8d\n",   "uploads_per_key = 65\n",
        "parked_max = 4001\n", "bootstrap_durations = 2s 5s\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        scoped(config) struct config *c = config_new();
        assert_int_equal(read_text(c, bad[i]), OK);
        assert_int_equal(config_check(c), ERR_BAD_INPUT);
    }
    scoped(config) struct config *c = config_new();
    assert_int_equal(read_text(c, "\nsegment_duration = 7s\n"), OK);
    assert_int_equal(config_check(c), ERR_BAD_INPUT);
    assert_string_equal(fail_text(),
                        "segment_duration = 7s (x.conf:2): must not be more "
                        "than segment_duration_max = 6s (default)");
    assert_int_equal(config_set_flag(c, STR("segment-duration-max"), STR("7s")),
                     OK);
    assert_int_equal(config_check(c), OK);
}

static void a_dump_says_where_each_value_comes_from(void **state)
{
    (void)state;
    char variable[] = "REELD_LOG_LEVEL=warn";
    char *environment[] = {variable, NULL};
    scoped(config) struct config *c = config_new();
    assert_int_equal(read_text(c, "\nspares = 3\n"), OK);
    assert_int_equal(config_read_environment(c, environment), OK);
    assert_int_equal(config_set_flag(c, STR("cache-budget"), STR("20GiB")), OK);
    scoped(buf) struct buf out;
    buf_init(&out, 1 << 20);
    config_dump(c, &out);
    assert_int_equal(buf_end(&out), OK);
    const char *text = buf_view(&out).ptr;
    assert_non_null(strstr(text, "\nspares = 3 ; x.conf:2\n"));
    assert_non_null(strstr(text, "\nlog_level = warn ; REELD_LOG_LEVEL\n"));
    assert_non_null(strstr(text, "\ncache_budget = 20GiB ; --cache-budget\n"));
    assert_non_null(strstr(text, "\nworkers = 0 ; default\n"));

    scoped(config) struct config *again = config_new();
    assert_int_equal(config_read_text(again, "dump", buf_view(&out)), OK);
    assert_int_equal(config_settings(again)->spares, 3);
    assert_int_equal(config_settings(again)->log_level, LOG_WARN);
}

static void the_example_names_every_setting_and_changes_none(void **state)
{
    (void)state;
    scoped(buf) struct buf out;
    buf_init(&out, 1 << 20);
    config_write_example(&out);
    assert_int_equal(buf_end(&out), OK);
    scoped(config) struct config *c = config_new();
    assert_int_equal(config_read_text(c, "example", buf_view(&out)), OK);

    // Uncommented, it says the defaults.
    scoped(mem) char *text = str_dup(buf_view(&out));
    for (size_t i = 0; i < config_count(); i++) {
        struct config_info info = config_info(i);
        char line[64];
        snprintf(line, sizeof(line), "\n#%s =", info.name);
        char *at = strstr(text, line);
        assert_non_null(at);
        at[1] = ' ';
        memmove(at + 1, at + 2, strlen(at + 2) + 1);
    }
    assert_int_equal(read_text(c, text), OK);
    assert_int_equal(config_check(c), OK);
    scoped(config) struct config *plain = config_new();
    assert_true(config_settings(c)->max_duration_us ==
                config_settings(plain)->max_duration_us);
}

static void every_setting_is_described(void **state)
{
    (void)state;
    assert_true(config_count() > 40);
    for (size_t i = 0; i < config_count(); i++) {
        struct config_info info = config_info(i);
        assert_null(strchr(info.flag, '_'));
        assert_int_equal(strlen(info.flag), strlen(info.name));
        assert_true(strlen(info.meaning) > 10);
        assert_true(strlen(info.allowed) > 5);
        assert_true(strlen(info.allowed) < CONFIG_ALLOWED_BYTES - 1);
        scoped(config) struct config *c = config_new();
        assert_int_equal(
            config_set_flag(c, str_of(info.flag), str_of(info.fallback)), OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_has_a_valid_default),
        cmocka_unit_test(words_stand_for_their_constants),
        cmocka_unit_test(units_are_understood),
        cmocka_unit_test(values_that_are_not_allowed_are_refused),
        cmocka_unit_test(bounds_themselves_are_allowed),
        cmocka_unit_test(the_stronger_source_wins_in_any_order),
        cmocka_unit_test(the_last_of_several_flags_wins),
        cmocka_unit_test(a_weaker_source_is_checked_all_the_same),
        cmocka_unit_test(unknown_settings_are_refused_by_name),
        cmocka_unit_test(other_variables_are_left_alone),
        cmocka_unit_test(complaints_name_place_setting_and_what_is_allowed),
        cmocka_unit_test(a_malformed_file_is_refused_with_its_line),
        cmocka_unit_test(the_longest_line_is_read_whole_and_no_longer),
        cmocka_unit_test(comments_blanks_and_line_ends_do_not_matter),
        cmocka_unit_test(an_absent_file_is_not_found),
        cmocka_unit_test(a_file_is_read_by_its_path),
        cmocka_unit_test(settings_must_fit_each_other),
        cmocka_unit_test(a_dump_says_where_each_value_comes_from),
        cmocka_unit_test(the_example_names_every_setting_and_changes_none),
        cmocka_unit_test(every_setting_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
