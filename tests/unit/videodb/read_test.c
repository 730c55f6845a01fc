// SPDX-License-Identifier: MIT
// read_test.c - members of what VideoDB's clients send.
#include "reeld/videodb/read.h"
#include "unit.h"

static json_t *object_of(const char *text)
{
    json_t *value = NULL;
    assert_int_equal(json_value_parse(str_of(text), &value), OK);
    return value;
}

// Python says null where Node says nothing.
static void null_is_as_if_it_were_not_there(void **state)
{
    (void)state;
    json_t *o = object_of("{\"a\":null}");
    struct str text = STR("kept");
    int64_t us = 7;
    bool is_true = true;
    const json_t *list = o;
    for (const char *const *name = (const char *const[]){"a", "b", NULL}; *name;
         name++) {
        assert_null(member(o, *name));
        assert_int_equal(read_text(o, *name, TEXT_LINE, 9, &text), OK);
        assert_int_equal(read_seconds(o, *name, &us), OK);
        assert_int_equal(read_bool(o, *name, &is_true), OK);
        assert_int_equal(read_list(o, *name, 1, &list), OK);
        assert_true(is_number(o, *name, 5));
    }
    assert_true(str_eq(text, STR("kept")));
    assert_int_equal(us, 7);
    assert_true(is_true);
    assert_ptr_equal(list, o);
    json_decref(o);
}

static void numbers_may_be_whole_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us; // -1: refused
    } cases[] = {
        {"{\"n\":0}",      0       },
        {"{\"n\":10}",     10000000},
        {"{\"n\":1.25}",   1250000 },
        {"{\"n\":1e1}",    10000000},
        {"{\"n\":-1}",     -1      },
        {"{\"n\":\"10\"}", -1      },
        {"{\"n\":true}",   -1      },
        {"{\"n\":[1]}",    -1      },
        {"{\"n\":1e300}",  -1      },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *o = object_of(cases[i].text);
        int64_t us = 7;
        bool is_good = cases[i].us >= 0;
        assert_int_equal(read_seconds(o, "n", &us),
                         is_good ? OK : ERR_BAD_INPUT);
        assert_int_equal(us, is_good ? cases[i].us : 7);
        json_decref(o);
    }
}

static void a_number_is_that_one_or_another(void **state)
{
    (void)state;
    json_t *o = object_of("{\"a\":1,\"b\":1.0,\"c\":1.5,\"d\":\"1\",\"e\":-1}");
    assert_true(is_number(o, "a", 1));
    assert_true(is_number(o, "b", 1));
    assert_false(is_number(o, "c", 1));
    assert_false(is_number(o, "d", 1));
    assert_false(is_number(o, "e", 1));
    assert_true(is_number(NULL, "a", 1)); // there is no object
    json_decref(o);
}

static void a_range_is_two_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t start_us, end_us; // start -1: refused
    } cases[] = {
        {"[10, 30.5]", 10000000, 30500000 },
        {"[3, null]",  3000000,  INT64_MAX},
        {"[0, 0]",     0,        0        },
        {"[5, 1]",     5000000,  1000000  }, // the timeline's to refuse
        {"[null, 1]",  -1,       0        },
        {"[1]",        -1,       0        },
        {"[1, 2, 3]",  -1,       0        },
        {"[-1, 2]",    -1,       0        },
        {"[\"1\", 2]", -1,       0        },
        {"{\"0\":1}",  -1,       0        },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *pair = object_of(cases[i].text);
        int64_t start_us = -1, end_us = -1;
        bool is_good = cases[i].start_us >= 0;
        assert_int_equal(read_range(pair, &start_us, &end_us),
                         is_good ? OK : ERR_BAD_INPUT);
        assert_int_equal(start_us, cases[i].start_us);
        if (is_good)
            assert_int_equal(end_us, cases[i].end_us);
        json_decref(pair);
    }
}

static void texts_and_lists_have_limits(void **state)
{
    (void)state;
    json_t *o = object_of("{\"t\":\"four\",\"l\":[1,2,3],\"n\":5,"
                          "\"b\":\"a\\u0007b\"}");
    struct str text = STR("");
    const json_t *list = NULL;
    bool is_true;
    assert_int_equal(read_text(o, "t", TEXT_LINE, 4, &text), OK);
    assert_true(str_eq(text, STR("four")));
    assert_int_equal(read_text(o, "t", TEXT_LINE, 3, &text), ERR_BAD_INPUT);
    assert_int_equal(read_text(o, "b", TEXT_LINE, 9, &text), ERR_BAD_INPUT);
    assert_int_equal(read_text(o, "n", TEXT_LINE, 9, &text), ERR_BAD_INPUT);
    assert_int_equal(read_list(o, "l", 3, &list), OK);
    assert_int_equal(json_array_size(list), 3);
    assert_int_equal(read_list(o, "l", 2, &list), ERR_BAD_INPUT);
    assert_int_equal(read_list(o, "t", 9, &list), ERR_BAD_INPUT);
    assert_int_equal(read_bool(o, "n", &is_true), ERR_BAD_INPUT);
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_as_if_it_were_not_there),
        cmocka_unit_test(numbers_may_be_whole_or_not),
        cmocka_unit_test(a_number_is_that_one_or_another),
        cmocka_unit_test(a_range_is_two_times),
        cmocka_unit_test(texts_and_lists_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
