// SPDX-License-Identifier: MIT
// multipart_test.c - multipart/form-data: the same calls wherever it is cut.
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "reeld/base/buf.h"
#include "reeld/http/multipart.h"

// Writes down what the parser calls: "field a=1;", "begin f x.mp4;bytes;end;".
struct record {
    struct buf text;
    enum err fail_data;
};

static enum err on_field(void *context, struct str name, struct str value)
{
    struct record *r = context;
    buf_printf(&r->text, "field %.*s=%.*s;", STR_ARG(name), STR_ARG(value));
    return OK;
}

static enum err on_begin(void *context, struct str name, struct str filename)
{
    struct record *r = context;
    buf_printf(&r->text, "begin %.*s %.*s;", STR_ARG(name), STR_ARG(filename));
    return OK;
}

static enum err on_data(void *context, const void *bytes, size_t len)
{
    struct record *r = context;
    if (r->fail_data != OK)
        return fail(r->fail_data, "no more");
    buf_add(&r->text, bytes, len);
    return OK;
}

static enum err on_end(void *context)
{
    struct record *r = context;
    buf_text(&r->text, ";end;");
    return OK;
}

static const struct multipart_calls calls = {on_field, on_begin, on_data,
                                             on_end};

// Parses `body`, cut in two at `cut` or into pieces of `step` bytes.
static enum err parse(struct str body, size_t cut, size_t step,
                      struct record *r)
{
    scoped(multipart) struct multipart *m = NULL;
    TRY(multipart_new(STR("multipart/form-data; boundary=XyZ"), &calls, r, &m));
    if (step == 0) {
        TRY(multipart_add(m, body.ptr, cut));
        TRY(multipart_add(m, body.ptr + cut, body.len - cut));
    }
    for (size_t at = 0; step > 0 && at < body.len; at += step) {
        size_t len = body.len - at < step ? body.len - at : step;
        TRY(multipart_add(m, body.ptr + at, len));
    }
    return multipart_end(m);
}

static void expect_all_splits(struct str body, const char *want)
{
    for (size_t i = 0; i <= body.len + 8; i++) {
        struct record r = {.fail_data = OK};
        buf_init(&r.text, 1 << 20);
        size_t step = i > body.len ? i - body.len : 0;
        assert_int_equal(parse(body, i, step, &r), OK);
        assert_string_equal((char *)r.text.bytes, want);
        buf_done(&r.text);
    }
}

static enum err parse_whole(struct str body)
{
    struct record r = {.fail_data = OK};
    buf_init(&r.text, 1 << 20);
    enum err e = parse(body, body.len, 0, &r);
    buf_done(&r.text);
    return e;
}

#define PART(head, body)                                                       \
    "--XyZ\r\nContent-Disposition: form-data; " head "\r\n\r\n" body "\r\n"
#define LAST "--XyZ--\r\n"

static void any_split_gives_the_same_calls(void **state)
{
    (void)state;
    expect_all_splits(STR("a preamble\r\n" PART("name=\"a\"", "1")
                              PART("name=f; filename=\"x \\\"y\\\".mp4\"",
                                   "one\r\n--Xy\r\r\n--XyQ\r\n--\r\n\r\ntwo\r")
                                  LAST "an epilogue"),
                      "field a=1;begin f x \"y\".mp4;"
                      "one\r\n--Xy\r\r\n--XyQ\r\n--\r\n\r\ntwo\r;end;");
}

static void parts_may_be_empty(void **state)
{
    (void)state;
    expect_all_splits(
        STR(PART("name=a", "") PART("name=f; filename=\"\"", "") LAST),
        "field a=;begin f ;;end;");
    // No body at all: the empty line of the head ends at the boundary.
    expect_all_splits(STR("--XyZ\r\nContent-Disposition: form-data; name=a\r\n"
                          "\r\n--XyZ--"),
                      "field a=;");
}

static void a_body_that_starts_like_a_boundary_is_kept(void **state)
{
    (void)state;
    expect_all_splits(STR(PART("name=a; filename=b", "--XyY") LAST),
                      "begin a b;--XyY;end;");
}

static void blanks_behind_a_boundary_are_allowed(void **state)
{
    (void)state;
    expect_all_splits(STR("--XyZ \t\r\nContent-Disposition: form-data; "
                          "name=a\r\n\r\n1\r\n--XyZ--"),
                      "field a=1;");
}

static void extended_filenames_are_decoded(void **state)
{
    (void)state;
    expect_all_splits(STR(PART("name=f; filename=x; filename*=UTF-8''n%C3%A4"
                               "me.mp4",
                               "1") LAST),
                      "begin f n\xc3\xa4me.mp4;1;end;");
}

static void malformed_bodies_are_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "--XyZ",
        "--XyZ\r\n",
        "--XyZ-\r\n",
        "--XyZjunk\r\n",
        "--XyZ\nContent-Disposition: form-data; name=a\n\n1\n--XyZ--",
        PART("name=a", "1"),
        "--XyZ\r\n\r\n1\r\n" LAST,
        "--XyZ\r\nX: y\r\n\r\n1\r\n" LAST,
        "--XyZ\r\nno colon\r\n\r\n1\r\n" LAST,
        "--XyZ\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n" LAST,
        "--XyZ\r\nContent-Disposition: form-data\r\n\r\n1\r\n" LAST,
        PART("name=\"a", "1") LAST,
        PART("name=\"a\" b", "1") LAST,
        PART("name=a; filename=\"\xff\"", "1") LAST,
        PART("name=a; filename=\"a\tb\"", "1") LAST,
        PART("name=a; filename*=latin1''a", "1") LAST,
        PART("name=a; filename*=utf-8''%4", "1") LAST,
        "--XyZ\r\nContent-Disposition: form-data; name=a\r\n"
        "Content-Disposition: form-data; name=b\r\n\r\n1\r\n" LAST,
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (parse_whole(str_of(bodies[i])) != ERR_BAD_INPUT)
            print_error("taken: %s", bodies[i]);
    assert_int_equal(
        parse_whole(STR("--XyZ\r\nContent-Disposition: form-data; name=a\r\n"
                        "Content-Transfer-Encoding: base64\r\n\r\n1\r\n" LAST)),
        ERR_UNSUPPORTED);
}

static enum err parse_filled(size_t parts, size_t head, size_t value)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < parts; i++) {
        buf_text(&b, "--XyZ\r\nContent-Disposition: form-data; name=a\r\nX: ");
        for (size_t at = 52 - 6; at < head; at++)
            buf_char(&b, 'x');
        buf_text(&b, "\r\n\r\n");
        for (size_t at = 0; at < value; at++)
            buf_char(&b, 'v');
        buf_text(&b, "\r\n");
    }
    buf_text(&b, LAST);
    enum err e = parse_whole(buf_view(&b));
    buf_done(&b);
    return e;
}

static void limits_hold_to_the_byte(void **state)
{
    (void)state;
    assert_int_equal(parse_filled(MULTIPART_PARTS_MAX, 0, 1), OK);
    assert_int_equal(parse_filled(MULTIPART_PARTS_MAX + 1, 0, 1),
                     ERR_BAD_INPUT);
    assert_int_equal(parse_filled(1, 0, MULTIPART_FIELD_BYTES), OK);
    assert_int_equal(parse_filled(1, 0, MULTIPART_FIELD_BYTES + 1),
                     ERR_TOO_LARGE);
    assert_int_equal(parse_filled(1, MULTIPART_HEAD_BYTES - 8, 1), OK);
    assert_int_equal(parse_filled(1, MULTIPART_HEAD_BYTES + 8, 1),
                     ERR_BAD_INPUT);
}

static void a_call_that_fails_ends_the_parse(void **state)
{
    (void)state;
    struct record r = {.fail_data = ERR_NO_SPACE};
    buf_init(&r.text, 1 << 20);
    struct str body = STR(PART("name=f; filename=x", "bytes") LAST);
    assert_int_equal(parse(body, body.len, 0, &r), ERR_NO_SPACE);
    buf_done(&r.text);
}

static void a_boundary_must_be_usable(void **state)
{
    (void)state;
    static const char *const types[] = {
        "multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=\"a \"",
        "multipart/form-data; boundary="
        "01234567890123456789012345678901234567890123456789012345678901234567"
        "890"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct multipart *m = NULL;
        assert_int_equal(multipart_new(str_of(types[i]), &calls, NULL, &m),
                         ERR_BAD_INPUT);
    }
    struct multipart *m = NULL;
    assert_int_equal(multipart_new(STR("multipart/form-data; charset=utf-8; "
                                       "BOUNDARY=\"a b\""),
                                   &calls, NULL, &m),
                     OK);
    multipart_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_gives_the_same_calls),
        cmocka_unit_test(parts_may_be_empty),
        cmocka_unit_test(a_body_that_starts_like_a_boundary_is_kept),
        cmocka_unit_test(blanks_behind_a_boundary_are_allowed),
        cmocka_unit_test(extended_filenames_are_decoded),
        cmocka_unit_test(malformed_bodies_are_refused),
        cmocka_unit_test(limits_hold_to_the_byte),
        cmocka_unit_test(a_call_that_fails_ends_the_parse),
        cmocka_unit_test(a_boundary_must_be_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
