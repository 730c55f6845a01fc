// SPDX-License-Identifier: MIT
// fields_test.c - JSON from clients: what is taken, and what is told of faults.
#include "reeld/api/fields.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct fields parse(const char *text)
{
    struct fields f;
    assert_int_equal(fields_parse(str_of(text), &f), OK);
    return f;
}

static void refused(const char *text)
{
    struct fields f;
    assert_int_equal(fields_parse(str_of(text), &f), ERR_BAD_INPUT);
    fields_done(&f);
}

static void only_json_objects_are_taken(void **state)
{
    (void)state;
    refused("");
    refused("null");
    refused("[]");
    refused("\"a\"");
    refused("{");
    refused("{} {}");
    refused("{\"a\":1,\"a\":2}");
    refused("{\"a\":\"\xff\"}");
    refused("{\"a\":\"\\u0000\"}");
    struct fields f = parse(" { } ");
    assert_int_equal(fields_end(&f), OK);
    fields_done(&f);
}

static void nesting_has_an_end(void **state)
{
    (void)state;
    for (int depth = FIELDS_DEPTH_MAX - 1; depth <= FIELDS_DEPTH_MAX; depth++) {
        char text[256] = "{\"a\":";
        memset(text + strlen(text), '[', (size_t)depth);
        memset(text + strlen(text), ']', (size_t)depth);
        strcat(text, "}");
        struct fields f;
        bool fits = depth + 1 <= FIELDS_DEPTH_MAX;
        assert_int_equal(fields_parse(str_of(text), &f),
                         fits ? OK : ERR_BAD_INPUT);
        fields_done(&f);
    }
    struct fields f =
        parse("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"}");
    fields_done(&f);
}

static void unknown_names_are_told_with_a_pointer(void **state)
{
    (void)state;
    struct fields f = parse("{\"name\":\"x\",\"a/b~c\":1}");
    struct str name;
    assert_true(fields_text(&f, "name", TEXT_LINE, 10, &name));
    assert_true(str_eq(name, STR("x")));
    assert_int_equal(fields_end(&f), ERR_BAD_INPUT);
    assert_int_equal(f.faults.count, 1);
    assert_string_equal(f.faults.fault[0].pointer, "/a~1b~0c");
    fields_done(&f);
}

static void every_fault_is_told(void **state)
{
    (void)state;
    struct fields f =
        parse("{\"a\":1,\"b\":\"12345\",\"c\":\"x\\ny\",\"d\":1.5,"
              "\"e\":11,\"f\":[],\"g\":[1],\"h\":null}");
    struct str text;
    int64_t number = -7;
    const json_t *object = NULL;
    assert_false(fields_text(&f, "a", TEXT_LINE, 4, &text));
    assert_false(fields_text(&f, "b", TEXT_LINE, 4, &text));
    assert_false(fields_text(&f, "c", TEXT_LINE, 4, &text));
    assert_false(fields_int(&f, "d", 0, 10, &number));
    assert_false(fields_int(&f, "e", 0, 10, &number));
    assert_false(fields_object(&f, "f", &object));
    assert_false(fields_texts(&f, "g", 4, NULL, NULL));
    assert_false(fields_text(&f, "h", TEXT_LINE, 4, &text));
    assert_false(fields_text(&f, "absent", TEXT_LINE, 4, &text));
    assert_int_equal(number, -7);
    assert_int_equal(fields_end(&f), ERR_BAD_INPUT);
    assert_int_equal(f.faults.count, 8);
    assert_string_equal(f.faults.fault[7].pointer, "/h");
    fields_done(&f);
}

static void more_faults_than_are_kept_do_no_harm(void **state)
{
    (void)state;
    char text[2048] = "{\"n0\":0";
    for (int i = 1; i < 3 * FAULTS_MAX; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), ",\"n%d\":0",
                 i);
    strcat(text, "}");
    struct fields f = parse(text);
    assert_int_equal(fields_end(&f), ERR_BAD_INPUT);
    assert_int_equal(f.faults.count, FAULTS_MAX);
    fields_done(&f);
}

static void a_long_name_is_cut_in_its_pointer(void **state)
{
    (void)state;
    char text[1024] = "{\"";
    memset(text + 2, '~', 400);
    strcat(text, "\":0}");
    struct fields f = parse(text);
    assert_int_equal(fields_end(&f), ERR_BAD_INPUT);
    assert_true(strlen(f.faults.fault[0].pointer) < FAULT_POINTER_BYTES);
    fields_done(&f);
}

static void bounds_are_inclusive(void **state)
{
    (void)state;
    struct fields f = parse("{\"low\":-3,\"high\":10,\"text\":\"1234\"}");
    int64_t number = 0;
    struct str text;
    assert_true(fields_int(&f, "low", -3, 10, &number));
    assert_int_equal(number, -3);
    assert_true(fields_int(&f, "high", -3, 10, &number));
    assert_int_equal(number, 10);
    assert_true(fields_text(&f, "text", TEXT_LINE, 4, &text));
    assert_int_equal(fields_end(&f), OK);
    fields_done(&f);
}

static void null_is_taken_where_it_is_asked_for(void **state)
{
    (void)state;
    struct fields f = parse("{\"a\":null,\"b\":1}");
    assert_true(fields_takes_null(&f, "a"));
    assert_false(fields_takes_null(&f, "b"));
    assert_int_equal(fields_end(&f), ERR_BAD_INPUT);
    assert_int_equal(f.faults.count, 1);
    assert_string_equal(f.faults.fault[0].pointer, "/b");
    fields_done(&f);
}

static void texts_hold_no_controls(void **state)
{
    (void)state;
    assert_null(
        text_fault(STR("h\xc3\xa9llo \xf0\x9f\x8e\xac"), TEXT_LINE, 99));
    assert_null(text_fault(STR("a\n\tb"), TEXT_LINES, 99));
    assert_non_null(text_fault(STR("a\nb"), TEXT_LINE, 99));
    assert_non_null(text_fault(STR("a\rb"), TEXT_LINE, 99));
    assert_null(text_fault(STR("a\r\nb"), TEXT_LINES, 99));
    assert_non_null(text_fault(STR("a\0b"), TEXT_LINES, 99));
    assert_non_null(text_fault(STR("\x7f"), TEXT_LINE, 99));
    assert_non_null(text_fault(STR("\xc2\x85"), TEXT_LINE, 99));
    assert_null(text_fault(STR("\xc2\xa0"), TEXT_LINE, 99));
    assert_non_null(text_fault(STR("\xc2"), TEXT_LINE, 99));
    assert_non_null(text_fault(STR("abc"), TEXT_LINE, 2));
    assert_null(text_fault(STR("abc"), TEXT_LINE, 3));
}

static void merged(const char *target, const char *patch, const char *wanted)
{
    json_t *to = NULL, *from = NULL;
    assert_int_equal(object_parse(str_of(target), &to), OK);
    assert_int_equal(object_parse(str_of(patch), &from), OK);
    object_merge(to, from);
    char *text = NULL;
    assert_int_equal(object_text(to, 1000, &text), OK);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(to);
    json_decref(from);
}

static void merge_patch_does_as_rfc_7396_says(void **state)
{
    (void)state;
    merged("{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
    merged("{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}");
    merged("{\"a\":\"b\"}", "{\"a\":null}", "{}");
    merged("{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}");
    merged("{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
    merged("{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}");
    merged("{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
           "{\"a\":{\"b\":\"d\"}}");
    merged("{\"a\":[1,2]}", "{\"a\":{\"b\":null}}", "{\"a\":{}}");
    merged("{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}");
}

static void json_that_is_too_long_is_told(void **state)
{
    (void)state;
    json_t *object = NULL;
    char *text = NULL;
    assert_int_equal(object_parse(STR("{ \"a\" : 1 }"), &object), OK);
    assert_int_equal(object_text(object, 6, &text), ERR_TOO_LARGE);
    assert_null(text);
    assert_int_equal(object_text(object, 7, &text), OK);
    assert_string_equal(text, "{\"a\":1}");
    free(text);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_json_objects_are_taken),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(unknown_names_are_told_with_a_pointer),
        cmocka_unit_test(every_fault_is_told),
        cmocka_unit_test(more_faults_than_are_kept_do_no_harm),
        cmocka_unit_test(a_long_name_is_cut_in_its_pointer),
        cmocka_unit_test(bounds_are_inclusive),
        cmocka_unit_test(null_is_taken_where_it_is_asked_for),
        cmocka_unit_test(texts_hold_no_controls),
        cmocka_unit_test(merge_patch_does_as_rfc_7396_says),
        cmocka_unit_test(json_that_is_too_long_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
