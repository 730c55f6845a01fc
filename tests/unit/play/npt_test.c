// SPDX-License-Identifier: MIT
// npt_test.c - temporal ranges of media fragments.
#include "reeld/play/npt.h"

#include <string.h>

#include "unit.h"

static void ranges_are_read_in_all_their_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t start_us, end_us;
    } ranges[] = {
        {"10,30",                  10000000,       30000000    },
        {"10",                     10000000,       INT64_MAX   },
        {"10,",                    10000000,       INT64_MAX   },
        {",30",                    0,              30000000    },
        {"npt:10,20",              10000000,       20000000    },
        {"npt:,121.5",             0,              121500000   },
        {"10.5,10.75",             10500000,       10750000    },
        {"10.,11.",                10000000,       11000000    },
        {"0:10,1:02:03.5",         10000000,       3723500000  },
        {"1:2:3,100:00:00",        3723000000,     360000000000},
        {"59:59.999999,1:00:00",   3599999999,     3600000000  },
        {"0.0333333333,0.0666666", 33333,          66666       },
        {"90,100:00",              90000000,       6000000000  },
        {"0,0.000001",             0,              1           },
        {"99999999.999999",        99999999999999, INT64_MAX   },
        {"007,0008",               7000000,        8000000     },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct npt_range range;
        enum err result = npt_parse(str_of(ranges[i].text), &range);
        if (result != OK)
            print_error("%s: %s\n", ranges[i].text, fail_text());
        assert_int_equal(result, OK);
        assert_int_equal(range.start_us, ranges[i].start_us);
        assert_int_equal(range.end_us, ranges[i].end_us);
    }
}

static void all_else_is_bad_input(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ",",
        "npt:",
        "npt:,",
        "30,10",
        "10,10",
        "0,0",
        ",0",
        "-1,10",
        "+1,10",
        " 1,2",
        "1,2 ",
        "1,2,3",
        "1e3",
        "nan,10",
        "0,inf",
        ".5,1",
        "1..5",
        "1.5.5",
        "1.5a",
        "1:60",
        "1:60:00",
        "1:00:60",
        "1:2:3:4",
        ":10",
        "10:",
        "1::2",
        "1.5:10",
        "1:1.5:10",
        "100000000",
        "99999999999999999999",
        "0x10,20",
        "smpte:0:0,1",
        "NPT:1,2",
        "clock:1,2",
        "1;2",
        "10-20",
        "1666667:0",
        "27778:0:0",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct npt_range range = {-1, -1};
        enum err result = npt_parse(str_of(texts[i]), &range);
        if (result != ERR_BAD_INPUT)
            print_error("\"%s\"\n", texts[i]);
        assert_int_equal(result, ERR_BAD_INPUT);
        assert_int_equal(range.start_us, -1);
    }
    struct npt_range range;
    assert_int_equal(npt_parse((struct str){"1\0,2", 4}, &range),
                     ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_in_all_their_forms),
        cmocka_unit_test(all_else_is_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
