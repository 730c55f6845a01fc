// SPDX-License-Identifier: MIT
// storyboard_test.c - cues of tiles, to the letter.
#include "reeld/package/storyboard.h"

#include <string.h>

#include "unit.h"

static void cues_are_written_with_times_and_places(void **state)
{
    (void)state;
    enum { LONG_US = 2002400 };
    const int64_t hour_us = INT64_C(3723004000);
    const struct storyboard_cue cue[] = {
        {0,       LONG_US,               0,  0,   0,  160, 90},
        {LONG_US, LONG_US + 90,          1,  0,   0,  160, 90}, // none
        {LONG_US, hour_us,               12, 160, 90, 160, 90},
        {hour_us, INT64_C(360000000000), 12, 320, 90, 160, 90},
    };
    scoped(buf) struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(storyboard_write(cue, 4, "x/", &out), OK);
    assert_string_equal((const char *)out.bytes,
                        "WEBVTT\n"
                        "\n00:00:00.000 --> 00:00:02.002\n"
                        "x/storyboard-0.jpg#xywh=0,0,160,90\n"
                        "\n00:00:02.002 --> 01:02:03.004\n"
                        "x/storyboard-12.jpg#xywh=160,90,160,90\n"
                        "\n01:02:03.004 --> 100:00:00.000\n"
                        "x/storyboard-12.jpg#xywh=320,90,160,90\n");
}

static void a_full_buffer_is_reported(void **state)
{
    (void)state;
    static const struct storyboard_cue cue = {0, 5000000, 0, 0, 0, 160, 90};
    scoped(buf) struct buf out;
    buf_init(&out, 30);
    assert_int_equal(storyboard_write(&cue, 1, "", &out), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cues_are_written_with_times_and_places),
        cmocka_unit_test(a_full_buffer_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
