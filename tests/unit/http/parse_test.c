// SPDX-License-Identifier: MIT
// parse_test.c - the small parsers: ranges, tags, fields, framing, targets.
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/http/etag.h"
#include "reeld/http/field.h"
#include "reeld/http/framing.h"
#include "reeld/http/range.h"
#include "reeld/http/uri.h"

// Every "bytes=F-L", "bytes=F-" and "bytes=-N" against the plain definition.
static void ranges_agree_with_a_plain_slicer(void **state)
{
    (void)state;
    for (int size = 0; size < 8; size++)
        for (int first = -1; first < 10; first++)
            for (int last = -1; last < 10; last++) {
                char text[64] = "bytes=";
                if (first >= 0)
                    sprintf(text + strlen(text), "%d", first);
                strcat(text, "-");
                if (last >= 0)
                    sprintf(text + strlen(text), "%d", last);
                enum range_kind want = RANGE_ONE;
                int from = first >= 0 ? first : size - last;
                int to = first < 0 || last < 0 ? size : last + 1;
                if (from < 0)
                    from = 0;
                if (to > size)
                    to = size;
                if ((first < 0 && last < 0) ||
                    (first > last && last >= 0 && first >= 0))
                    want = RANGE_NONE;
                else if (from >= to)
                    want = RANGE_PAST;
                struct range r = {-1, -1};
                assert_int_equal(range_parse(str_of(text), size, &r), want);
                if (want != RANGE_ONE)
                    continue;
                assert_int_equal(r.from, from);
                assert_int_equal(r.to, to);
            }
}

static void odd_ranges_mean_everything(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "",           "bytes",        "bytes=",      "bytes=-",
        "bytes=+1-2", "bytes=1-2,3-", "bytes=0-1,",  "bytes=0x1-2",
        "bytes=1-2x", "octets=1-2",   "bytes 1-2",   "bytes=1--2",
        "bytes=--1",  "bytes=1",      "bytes=1-2-3", "bytes=1 - 2",
    };
    struct range r;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_int_equal(range_parse(str_of(odd[i]), 100, &r), RANGE_NONE);
    assert_int_equal(range_parse(STR(" BYTES=1-2 "), 100, &r), RANGE_ONE);
}

static void tags_are_found_in_lists(void **state)
{
    (void)state;
    struct str tag = STR("\"a\"");
    static const char *const yes[] = {"\"a\"",
                                      "*",
                                      " * ",
                                      "\"b\",\"a\"",
                                      "\"b\" , \t\"a\"",
                                      ",,\"a\",",
                                      "\"x,y\", \"a\"",
                                      "\"a\",rubbish"};
    static const char *const no[] = {
        "",      "a",  "\"b\"",     "\"a", "rubbish,\"a\"",
        "\"A\"", "W/", "\"b\"W/\"", "'a'"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_true(etag_in_list(str_of(yes[i]), tag, true));
        assert_true(etag_in_list(str_of(yes[i]), tag, false));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(etag_in_list(str_of(no[i]), tag, false));
    assert_true(etag_in_list(STR("W/\"a\""), tag, false));
    assert_false(etag_in_list(STR("W/\"a\""), tag, true));
    assert_true(etag_in_list(STR("W/\"a\", \"a\""), tag, true));
}

static void gzip_is_sent_where_it_is_accepted(void **state)
{
    (void)state;
    static const char *const yes[] = {
        "gzip",
        "GZip",
        "deflate, gzip",
        "gzip;q=0.001",
        "*",
        "x-gzip",
        "gzip ; q=1.0",
        "br;q=1, *;q=0.1",
        "identity;q=0,gzip",
        "gzip, *;q=0",
        "gzip;level=9",
    };
    static const char *const no[] = {
        "",      "identity", "gzip;q=0",    "gzip;q=0.000", "br",
        "*;q=0", "gzippy",   "gzip;q=0, *", "deflate,",     "gzip; Q=0",
    };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(field_accepts_gzip(str_of(yes[i])));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(field_accepts_gzip(str_of(no[i])));
}

static void parameters_are_unquoted(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum err result;
        const char *want;
    } cases[] = {
        {"a/b; x=1",                     OK,            "1"               },
        {"a/b;y=2;X = 1 ;z",             OK,            "1"               },
        {"a/b; y=\"; x=2\"; x=\"1\"",    OK,            "1"               },
        {"a/b; x=\"a\\\"b\\\\c\\d\"",    OK,            "a\"b\\c\\d"      },
        {"a/b; x=",                      OK,            ""                },
        {"a/b; x",                       ERR_NOT_FOUND, ""                },
        {"a/b",                          ERR_NOT_FOUND, ""                },
        {"x=1",                          ERR_NOT_FOUND, ""                },
        {"a/b; xx=1",                    ERR_NOT_FOUND, ""                },
        {"a/b; x=\"1",                   ERR_BAD_INPUT, ""                },
        {"a/b; x=\"1\"2",                ERR_BAD_INPUT, ""                },
        {"a/b; x=12345678901234567",     ERR_BAD_INPUT, ""                },
        {"a/b; x=\"12345678901234567\"", ERR_BAD_INPUT, ""                },
        {"a/b; x=\"1234567890123456\"",  OK,            "1234567890123456"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char room[16];
        struct str text = {0};
        assert_int_equal(field_param(str_of(cases[i].value), STR("x"), room,
                                     sizeof room, &text),
                         cases[i].result);
        assert_int_equal(text.len, strlen(cases[i].want));
        if (text.len > 0)
            assert_memory_equal(text.ptr, cases[i].want, text.len);
    }
}

static void field_characters_are_checked(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text = (char)c;
        struct str s = {&text, 1};
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z');
        bool is_mark = c && strchr("!#$%&'*+-.^_`|~", c);
        assert_int_equal(field_is_token(s), is_alnum || is_mark);
        assert_int_equal(field_is_value(s),
                         c == '\t' || (c >= ' ' && c != 0x7f));
        assert_int_equal(field_is_host(s),
                         is_alnum || (c && strchr(".-_:[]", c)));
    }
    assert_false(field_is_token(STR("")));
    assert_true(field_is_value(STR("")));
}

static const char *fault_of(const char *lines, bool is_http_1_0)
{
    struct framing f = {0};
    struct str rest = str_of(lines);
    while (rest.len > 0) {
        struct str value = str_cut(&rest, '\n');
        struct str name = str_cut(&value, ':');
        framing_add(&f, name, str_trim(value));
    }
    return framing_fault(&f, is_http_1_0);
}

static void doubtful_framing_is_found(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Content-Length: 1\nContent-Length: 2", // also with equal values
        "Content-Length: 1\nContent-Length: 1",
        "Content-Length: 1, 1",
        "Content-Length: +1",
        "Content-Length: -1",
        "Content-Length: 0x1",
        "Content-Length: 1 1",
        "Content-Length:",
        "Content-Length: 99999999999999999999",
        "Content-Length: 1\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding:",
        "Transfer-Encoding : chunked",
        "Content-Length : 1",
        "\x0bTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r",
        "Transfer-Encoding: \013chunked",
        "Host: b",
        "X: a\rb",
        "X: a\x01",
        ": a",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char lines[256];
        snprintf(lines, sizeof lines, "Host: a\n%s", bad[i]);
        if (!fault_of(lines, false))
            print_error("taken: %s\n", bad[i]);
        assert_non_null(fault_of(lines, false));
    }
    assert_null(fault_of("Host: a\nContent-Length: 1", false));
    assert_null(fault_of("host: [::1]:80\ntransfer-encoding: Chunked", false));
    assert_null(fault_of("Host:\nX: caf\xc3\xa9\tx", false));
    assert_non_null(fault_of("X: 1", false));
    assert_non_null(fault_of("Host: a/b", false));
    assert_null(fault_of("X: 1", true));
    assert_non_null(fault_of("Transfer-Encoding: chunked", true));
    struct framing f = {.headers = FRAMING_HEADERS_MAX, .hosts = 1};
    assert_null(framing_fault(&f, false));
    f.headers++;
    assert_non_null(framing_fault(&f, false));
}

// Raw bytes of any kind come back as what they encode, or not at all.
static void every_byte_of_a_path_is_decoded_or_refused(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char raw[8];
        snprintf(raw, sizeof raw, "/%%%02x", (unsigned)c);
        char to[8];
        struct uri_path path;
        enum err e = uri_decode_path(str_of(raw), to, &path);
        bool is_plain = c >= ' ' && c < 0x7f && !strchr("/\\.", c);
        assert_int_equal(e, is_plain ? OK : ERR_BAD_INPUT);
        if (e != OK)
            continue;
        assert_int_equal(path.count, 1);
        assert_int_equal(path.part[0].len, 1);
        assert_int_equal((unsigned char)path.part[0].ptr[0], c);
    }
}

static void targets_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *query;
    } cases[] = {
        {"/",             "/",     ""   },
        {"/a?b",          "/a",    "b"  },
        {"/a?b?c",        "/a",    "b?c"},
        {"/a?",           "/a",    ""   },
        {"http://h/a?b",  "/a",    "b"  },
        {"https://h:1/a", "/a",    ""   },
        {"http://h",      "/",     ""   },
        {"http://h?b",    "/",     "b"  },
        {"//h/a",         "//h/a", ""   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct uri u;
        assert_int_equal(uri_split(str_of(cases[i].target), &u), OK);
        assert_true(str_eq(u.path, str_of(cases[i].path)));
        assert_true(str_eq(u.query, str_of(cases[i].query)));
    }
    static const char *const bad[] = {
        "",     "a",  "*",       "h:80",     "ftp://h/",  "/a b",     "/a\tb",
        "/a#b", "?a", "http://", "https://", "http:///a", "http://?a"};
    struct uri u;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(uri_split(str_of(bad[i]), &u), ERR_BAD_INPUT);
}

static void a_face_is_found_by_its_prefix(void **state)
{
    (void)state;
    static const char *const below[] = {"/v",  "/v/",       "/v/a",
                                        "/v?", "/v//a?b=c", "http://h/v/a"};
    static const char *const beside[] = {"",     "/",   "/va",        "/w",
                                         "//v/", "v/a", "http://h?/v"};
    for (size_t i = 0; i < sizeof below / sizeof *below; i++)
        assert_true(uri_is_below(str_of(below[i]), STR("/v")));
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        assert_false(uri_is_below(str_of(beside[i]), STR("/v")));
}

static void empty_parts_are_dropped(void **state)
{
    (void)state;
    char room[16];
    struct uri_path path;
    assert_int_equal(uri_decode_path(STR("//a///b/"), room, &path), OK);
    uri_drop_empty_parts(&path);
    assert_int_equal(path.count, 2);
    assert_true(str_eq(path.part[0], STR("a")));
    assert_true(str_eq(path.part[1], STR("b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_agree_with_a_plain_slicer),
        cmocka_unit_test(odd_ranges_mean_everything),
        cmocka_unit_test(tags_are_found_in_lists),
        cmocka_unit_test(gzip_is_sent_where_it_is_accepted),
        cmocka_unit_test(parameters_are_unquoted),
        cmocka_unit_test(field_characters_are_checked),
        cmocka_unit_test(doubtful_framing_is_found),
        cmocka_unit_test(every_byte_of_a_path_is_decoded_or_refused),
        cmocka_unit_test(targets_are_split),
        cmocka_unit_test(a_face_is_found_by_its_prefix),
        cmocka_unit_test(empty_parts_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
