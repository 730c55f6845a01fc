// SPDX-License-Identifier: MIT
// tus_test.c - the headers of tus 1.0.
#include <stdio.h>
#include <string.h>

#include "reeld/api/tus.h"
#include "unit.h"

struct seen {
    char text[512];
    const char *refuses; // this key
};

static enum err note(void *context, struct str key, struct str value)
{
    struct seen *s = context;
    if (s->refuses && str_eq(key, str_of(s->refuses)))
        return fail(ERR_CONFLICT, "not this one");
    size_t len = strlen(s->text);
    snprintf(s->text + len, sizeof(s->text) - len, "[%.*s=%.*s]", STR_ARG(key),
             STR_ARG(value));
    return OK;
}

static void metadata_is_read_pair_by_pair(void **state)
{
    (void)state;
    static const struct {
        const char *header, *seen; // NULL: refused
    } cases[] = {
        {"",                          ""                          },
        {"filename d29ybGQ=",         "[filename=world]"          },
        {"filename d29ybGQ=,is_ours", "[filename=world][is_ours=]"},
        {"is_ours,a YQ==",            "[is_ours=][a=a]"           },
        {" a YQ== , b Yg== ",         "[a=a][b=b]"                },
        {"a ",                        "[a=]"                      },
        {"a YQ==,a Yg==",             NULL                        },
        {"a YQ==,",                   NULL                        },
        {",a YQ==",                   NULL                        },
        {"a YQ",                      NULL                        },
        {"a YQ== Yg==",               NULL                        },
        {"a Y-==",                    NULL                        },
        {"\xc3\xa4 YQ==",             NULL                        },
        {"a\tb YQ==",                 NULL                        },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct seen s = {0};
        enum err e = tus_metadata_parse(str_of(cases[i].header), note, &s);
        if ((e == OK) != (cases[i].seen != NULL))
            print_error("\"%s\"\n", cases[i].header);
        assert_int_equal(e, cases[i].seen ? OK : ERR_BAD_INPUT);
        if (cases[i].seen)
            assert_string_equal(s.text, cases[i].seen);
    }
}

static void metadata_has_an_end(void **state)
{
    (void)state;
    char header[1024] = "";
    struct seen s = {0};
    for (int i = 0; i < 65; i++) {
        if (i == 64)
            assert_int_equal(tus_metadata_parse(str_of(header), note, &s), OK);
        size_t len = strlen(header);
        snprintf(header + len, sizeof(header) - len, "%sk%d", i ? "," : "", i);
    }
    assert_int_equal(tus_metadata_parse(str_of(header), note, &s),
                     ERR_BAD_INPUT);
}

static void what_the_reader_of_metadata_says_counts(void **state)
{
    (void)state;
    struct seen s = {.refuses = "b"};
    assert_int_equal(tus_metadata_parse(STR("a YQ==,b Yg==,c"), note, &s),
                     ERR_CONFLICT);
    assert_string_equal(s.text, "[a=a]");
}

static void a_checksum_is_of_a_kind_that_is_known(void **state)
{
    (void)state;
    struct tus_checksum sum;
    assert_int_equal(
        tus_checksum_parse(STR("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="), &sum), OK);
    assert_int_equal(sum.kind, TUS_SHA1);
    scoped(hash) struct hash *h = hash_new_sha1();
    hash_add(h, "hello world", 11);
    struct digest digest = hash_end(h);
    assert_true(digest_eq(&digest, &sum.digest));
    assert_int_equal(
        tus_checksum_parse(
            STR("sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="), &sum),
        OK);
    assert_int_equal(sum.kind, TUS_SHA256);
    digest = hash_of("hello world", 11);
    assert_true(digest_eq(&digest, &sum.digest));
}

static void other_checksums_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum err result;
    } cases[] = {
        {"",                                                       ERR_UNSUPPORTED},
        {"md5 XrY7u+Ae7tCTyyK7j1rNww==",                           ERR_UNSUPPORTED},
        {"SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",                      ERR_UNSUPPORTED},
        {"sha1",                                                   ERR_BAD_INPUT  },
        {"sha1 ",                                                  ERR_BAD_INPUT  },
        {"sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0",                       ERR_BAD_INPUT  },
        {"sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",                    ERR_BAD_INPUT  },
        {"sha1 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=",      ERR_BAD_INPUT  },
        {"sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzekAAAA",
         ERR_BAD_INPUT                                                            },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tus_checksum sum;
        assert_int_equal(tus_checksum_parse(str_of(cases[i].header), &sum),
                         cases[i].result);
    }
}

#define ONE "u-01jd8zk3v5x2n9q4t7w0y1b6ce"
#define TWO "u-01jd8zk3v5x2n9q4t7w0y1b6cf"

static void parts_are_found_in_their_urls(void **state)
{
    (void)state;
    static struct tus_concat c;
    assert_int_equal(tus_concat_parse(STR("partial"), &c), OK);
    assert_int_equal(c.kind, UPLOAD_PART);
    assert_int_equal(
        tus_concat_parse(STR("final;/v1/uploads/" ONE
                             " https://video.example/v1/uploads/" TWO),
                         &c),
        OK);
    assert_int_equal(c.kind, UPLOAD_FINAL);
    assert_int_equal(c.parts, 2);
    assert_string_equal(c.part[0].text, ONE);
    assert_string_equal(c.part[1].text, TWO);
}

static void what_names_no_parts_is_refused(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        "Partial",
        "final",
        "final;",
        "final; ",
        "final;" ONE,
        "final;/files/" ONE,
        "final;/v1/uploads/",
        "final;/v1/uploads/m-01jd8zk3v5x2n9q4t7w0y1b6ce",
        "final;/v1/uploads/" ONE "/",
        "final;/v1/uploads/" ONE "?a=b",
        "final;/v1/uploads/../../etc/passwd",
        "final;/v1/uploads/" ONE ",/v1/uploads/" TWO,
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        static struct tus_concat c;
        enum err e = tus_concat_parse(str_of(headers[i]), &c);
        if (e != ERR_BAD_INPUT)
            print_error("\"%s\"\n", headers[i]);
        assert_int_equal(e, ERR_BAD_INPUT);
    }
}

static void parts_have_an_end(void **state)
{
    (void)state;
    static const char url[] = " /v1/uploads/" ONE;
    static char header[8 + (TUS_PARTS_MAX + 1) * sizeof(url)] = "final;";
    static struct tus_concat c;
    for (int i = 0; i < TUS_PARTS_MAX; i++)
        memcpy(header + strlen(header), url, sizeof(url));
    assert_int_equal(tus_concat_parse(str_of(header), &c), OK);
    assert_int_equal(c.parts, TUS_PARTS_MAX);
    memcpy(header + strlen(header), url, sizeof(url));
    assert_int_equal(tus_concat_parse(str_of(header), &c), ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_is_read_pair_by_pair),
        cmocka_unit_test(metadata_has_an_end),
        cmocka_unit_test(what_the_reader_of_metadata_says_counts),
        cmocka_unit_test(a_checksum_is_of_a_kind_that_is_known),
        cmocka_unit_test(other_checksums_are_refused),
        cmocka_unit_test(parts_are_found_in_their_urls),
        cmocka_unit_test(what_names_no_parts_is_refused),
        cmocka_unit_test(parts_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
