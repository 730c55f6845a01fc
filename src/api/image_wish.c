// SPDX-License-Identifier: MIT
// image_wish.c - what is asked of a thumbnail or preview behind the '?'.
#include "image_wish.h"

#include <inttypes.h>

#include "reeld/play/npt.h"

bool image_is_named(struct str path)
{
    static const char *const names[] = {"thumbnail.jpg", "thumbnail.webp",
                                        "preview.webp"};
    struct str name = path, rest = path;
    while (rest.ptr)
        name = str_cut(&rest, '/');
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(name, str_of(names[i])))
            return true;
    return str_starts(name, STR("storyboard-"));
}

static bool count(void *context, struct str name, struct str value)
{
    (void)value;
    int *times = context;
    *times += str_eq(name, STR("t"));
    return true;
}

static bool read_time(struct http_request *r, const struct play_show *show,
                      int64_t *ret_us)
{
    struct str text;
    int times = 0;
    http_request_each_query(r, count, &times);
    if (times == 0 || !http_request_query(r, "t", &text))
        return true;
    int64_t us, end_us = play_show_duration_us(show);
    if (times > 1) {
        refuse(r, "invalid_request", "?t= of an image is one time, not %d.",
               times);
        return false;
    }
    if (npt_parse_time(text, &us) != OK) {
        refuse(r, "invalid_request", "?t=: %s.", fail_text());
        return false;
    }
    if (us >= end_us) {
        refuse(r, "invalid_request",
               "?t= is past the end: it lasts %" PRId64 ".%06" PRId64 " s.",
               end_us / 1000000, end_us % 1000000);
        return false;
    }
    *ret_us = us;
    return true;
}

static bool read_width(struct http_request *r, int32_t *ret)
{
    int64_t width;
    if (!parameter_int(r, "width", IMAGE_WIDTH_MIN,
                       api_of(r)->o.image_width_max, *ret, &width))
        return false;
    if (width % 2 != 0) {
        refuse(r, "invalid_request", "?width= is an even number.");
        return false;
    }
    *ret = (int32_t)width;
    return true;
}

static bool read_duration(struct http_request *r, int64_t *ret_us)
{
    struct str text;
    if (!http_request_query(r, "duration", &text))
        return true;
    int64_t us, most_us = api_of(r)->o.preview_max_us;
    if (npt_parse_time(text, &us) == OK && us > 0 && us <= most_us) {
        *ret_us = us;
        return true;
    }
    refuse(r, "invalid_request",
           "?duration= is in seconds, more than 0 and at most %" PRId64
           ".%03d.",
           most_us / 1000000, (int)(most_us % 1000000 / 1000));
    return false;
}

bool image_read_wish(struct http_request *r, const struct play_show *show,
                     struct play_image *image)
{
    // CMCD is what players say of themselves, on whatever they fetch.
    static const char *const of_form[IMAGE_FORMS][5] = {
        [IMAGE_STILL] = {"t",   "width", NULL},
        [IMAGE_MOVING] = {"t", "width", "duration", "CMCD", NULL},
        [IMAGE_SHEET] = {NULL  },
    };
    if (!parameters_are_known(r, of_form[image->form]))
        return false;
    return read_time(r, show, &image->at_us) && read_width(r, &image->width) &&
           read_duration(r, &image->duration_us);
}
