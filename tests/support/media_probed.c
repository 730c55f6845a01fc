// SPDX-License-Identifier: MIT
// media_probed.c - probing one file of the test media, as the worker does.
#include "media_probed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "unit.h"

enum {
    PATH_BYTES = 1024,
    PROBE_US_MAX = 20 * SLOWER * 1000 * 1000, // on a machine that is busy
};

const struct wire_probe probed_ask = {
    .limits = {.max_pixels = 33554432,
               .max_duration_us = INT64_C(43200000000),
               .max_frame_rate = 240,
               .max_streams = 32                 },
    .wish = { .segment_us = 4000000,
               .segment_max_us = 6000000,
               .gop_us = 2000000,
               .bootstraps = 2,
               .bootstrap_us = {2000000, 2000000}},
    .copy_source = true,
};

const char *media_folder(void)
{
    const char *folder = getenv("REELD_TEST_MEDIA");
    return folder ? folder : "../shared/media";
}

bool has_media(void)
{
    bool is_there = access(media_folder(), R_OK) == 0;
    if (!is_there)
        print_message("skipped: no media in %s\n", media_folder());
    return is_there;
}

void probed_free(struct probed *p)
{
    if (!p)
        return;
    plan_free(p->plan);
    free(p);
}
struct probed *probe_fd(int fd, const struct wire_probe *ask)
{
    assert_true(fd >= 0);
    struct probed *p = calloc(1, sizeof *p);
    assert_non_null(p);
    scoped(fd) int plan_fd = memfd_create("plan", MFD_CLOEXEC);
    assert_true(plan_fd >= 0);
    scoped(media_source) struct media_source *s = media_source_new(fd);
    int64_t start = clock_now_us();
    media_probe(s, ask, plan_fd, &p->answer);
    assert_true(clock_now_us() - start < PROBE_US_MAX);
    if (p->answer.result != OK) {
        assert_true(strlen(p->answer.code) > 0);
        assert_true(strlen(p->answer.detail) > 0);
        return p;
    }
    scoped(mem) uint8_t *packed = NULL;
    size_t len = 0;
    assert_int_equal(
        fd_read_file(plan_fd, PLAN_PACKED_BYTES_MAX, &packed, &len), OK);
    assert_int_equal(len, p->answer.plan_bytes);
    struct str view = {(const char *)packed, len};
    assert_int_equal(plan_unpack(view, &p->plan), OK);
    struct wire_message m = {.type = WIRE_PROBED, .probed = p->answer};
    assert_int_equal(wire_check(&m), OK);
    return p;
}

struct probed *probe_how(const char *file, const struct wire_probe *ask)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", media_folder(), file);
    return probe_fd(open(path, O_RDONLY | O_CLOEXEC), ask);
}

struct probed *probe(const char *file)
{
    return probe_how(file, &probed_ask);
}
