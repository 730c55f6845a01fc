// SPDX-License-Identifier: MIT
// wire_test.c - messages go over whole and are believed only after checks.
#include "reeld/wire.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "reeld/base/mem.h"

struct pair {
    int sock[2];
    struct wire_message sent, got;
    int fds[WIRE_FDS_MAX];
    size_t fd_count;
};

static int set_up(void **state)
{
    struct pair *p = NEW(struct pair);
    int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
    assert_int_equal(socketpair(AF_UNIX, type, 0, p->sock), 0);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *p = *state;
    close(p->sock[0]);
    close(p->sock[1]);
    free(p);
    return 0;
}

static struct wire_limits some_limits(void)
{
    return (struct wire_limits){33554432, INT64_C(43200000000), 240, 32};
}

static void fill_hello(struct wire_message *m)
{
    *m = (struct wire_message){.type = WIRE_HELLO};
    m->hello.version = WIRE_VERSION;
    m->hello.has_seccomp = true;
    strcpy(m->hello.build, "libavcodec 59");
}

static void fill_probe(struct wire_message *m)
{
    *m = (struct wire_message){.type = WIRE_PROBE};
    m->probe.limits = some_limits();
    m->probe.wish = (struct plan_wish){.segment_us = 4000000,
                                       .segment_max_us = 6000000,
                                       .gop_us = 2000000,
                                       .bootstraps = 1,
                                       .bootstrap_us = {2000000}};
}

static void fill_probed(struct wire_message *m)
{
    *m = (struct wire_message){.type = WIRE_PROBED};
    m->probed.tracks = 1;
    m->probed.track[0] = (struct track){.kind = TRACK_AUDIO,
                                        .codec = "aac",
                                        .is_playable = true,
                                        .channels = 2,
                                        .sample_rate = 48000};
    m->probed.plan_bytes = 100;
}

static struct recipe audio_recipe(void)
{
    return (struct recipe){.kind = TRACK_AUDIO,
                           .mode = RECIPE_ENCODE,
                           .sample_rate = 48000,
                           .channels = 2,
                           .bitrate = 128000};
}

static struct recipe video_recipe(void)
{
    return (struct recipe){
        .kind = TRACK_VIDEO,
        .mode = RECIPE_ENCODE,
        .sizes = 1,
        .size = {{640, 360}},
        .frame_rate_cap = { 0,         1},
        .frame_rate = { 25,         1},
        .crf = 23,
        .cap_bps = 750000,
        .level = 30,
        .preset = "veryfast"
    };
}

static void fill_make(struct wire_message *m)
{
    *m = (struct wire_message){.type = WIRE_MAKE};
    struct wire_make *make = &m->make;
    make->request = 7;
    make->threads = 2;
    make->limits = some_limits();
    make->timescale = 90000;
    make->source_timebase = (struct rational){1, 90000};
    make->plan_end = 900000;
    make->borders = 3;
    make->border[1] = 180000;
    make->border[2] = 360000;
    make->outputs = 1;
    make->output[0] = (struct wire_output){PIECE_SEGMENT, video_recipe()};
}

static void fill_ts(struct wire_message *m)
{
    *m = (struct wire_message){.type = WIRE_TS};
    m->ts.has_video = true;
    m->ts.video_timescale = 90000;
}

static void fill_file(struct wire_message *m)
{
    *m = (struct wire_message){.type = WIRE_FILE};
    m->file = (struct wire_file){.request = 7,
                                 .container = DOWNLOAD_MP4,
                                 .parts = 4,
                                 .head_bytes = 4096,
                                 .file_bytes = 10000,
                                 .video_timescale = 90000,
                                 .sound_rate = 48000,
                                 .video_ticks = 180000,
                                 .sound_ticks = 96000};
}

static void fill_mp3(struct wire_message *m)
{
    fill_file(m);
    m->file.container = DOWNLOAD_MP3;
    m->file.head_bytes = 0;
    m->file.video_timescale = 0;
    m->file.video_ticks = 0;
    m->file.mp3_bps = 128000;
}

static void fill_made(struct wire_message *m)
{
    *m = (struct wire_message){.type = WIRE_MADE};
    m->made.request = 7;
    m->made.outputs = 1;
    m->made.size_bytes[0] = 1000;
}

static void every_message_arrives_as_it_was_sent(void **state)
{
    struct pair *p = *state;
    static void (*const fill[])(struct wire_message *) = {
        fill_hello, fill_probe, fill_probed, fill_make,
        fill_ts,    fill_file,  fill_mp3,    fill_made,
    };
    int fds[WIRE_FDS_MAX];
    for (size_t i = 0; i < WIRE_FDS_MAX; i++)
        fds[i] = p->sock[0];
    for (size_t i = 0; i < sizeof fill / sizeof *fill; i++) {
        fill[i](&p->sent);
        size_t count = wire_fd_count(&p->sent);
        assert_int_equal(wire_send(p->sock[0], &p->sent, fds, count), OK);
        assert_int_equal(
            wire_receive(p->sock[1], &p->got, p->fds, &p->fd_count), OK);
        assert_int_equal(p->fd_count, count);
        assert_memory_equal(&p->got, &p->sent,
                            wire_message_bytes(p->sent.type));
        for (size_t k = 0; k < count; k++)
            assert_int_equal(close(p->fds[k]), 0);
    }
}

static void descriptors_arrive_open_and_close_on_exec(void **state)
{
    struct pair *p = *state;
    int end[2];
    assert_int_equal(pipe(end), 0);
    fill_make(&p->sent);
    assert_int_equal(wire_send(p->sock[0], &p->sent, &end[1], 1), OK);
    assert_int_equal(wire_receive(p->sock[1], &p->got, p->fds, &p->fd_count),
                     OK);
    assert_int_equal(fcntl(p->fds[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(write(p->fds[0], "x", 1), 1);
    char byte = 0;
    assert_int_equal(read(end[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(p->fds[0]);
    close(end[0]);
    close(end[1]);
}

static void an_empty_socket_is_busy_and_a_closed_one_gone(void **state)
{
    struct pair *p = *state;
    assert_int_equal(wire_receive(p->sock[1], &p->got, p->fds, &p->fd_count),
                     ERR_BUSY);
    shutdown(p->sock[0], SHUT_RDWR);
    assert_int_equal(wire_receive(p->sock[1], &p->got, p->fds, &p->fd_count),
                     ERR_NOT_FOUND);
    fill_hello(&p->sent);
    assert_int_equal(wire_send(p->sock[1], &p->sent, NULL, 0), ERR_IO);
}

static void a_full_socket_is_busy(void **state)
{
    struct pair *p = *state;
    fill_made(&p->sent);
    enum err result = OK;
    for (int i = 0; i < 10000 && result == OK; i++)
        result = wire_send(p->sock[0], &p->sent, NULL, 0);
    assert_int_equal(result, ERR_BUSY);
}

static void send_raw(struct pair *p, size_t len, const int *fds, size_t count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(64 * sizeof(int))];
    } control = {0};
    char extra[sizeof p->sent + 64];
    memset(extra, 0, sizeof extra);
    memcpy(extra, &p->sent, sizeof p->sent);
    struct iovec part = {extra, len};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        head.msg_control = control.bytes;
        head.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&head);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    }
    assert_int_equal(sendmsg(p->sock[0], &head, 0), len);
}

static enum err receive(struct pair *p)
{
    return wire_receive(p->sock[1], &p->got, p->fds, &p->fd_count);
}

static void a_message_of_any_other_length_is_refused(void **state)
{
    struct pair *p = *state;
    fill_made(&p->sent);
    size_t right = wire_message_bytes(WIRE_MADE);
    size_t wrong[] = {1, 3, 4, right - 1, right + 1, sizeof p->sent + 1};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        send_raw(p, wrong[i], NULL, 0);
        assert_int_equal(receive(p), ERR_BAD_INPUT);
    }
    send_raw(p, right, NULL, 0);
    assert_int_equal(receive(p), OK);
}

static int lowest_free_fd(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

static void unexpected_descriptors_are_refused_and_closed(void **state)
{
    struct pair *p = *state;
    int free_before = lowest_free_fd();
    int fds[40];
    for (size_t i = 0; i < 40; i++)
        fds[i] = p->sock[0];
    fill_made(&p->sent);
    size_t counts[] = {1, WIRE_FDS_MAX, WIRE_FDS_MAX + 1, 40};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        send_raw(p, wire_message_bytes(WIRE_MADE), fds, counts[i]);
        assert_int_equal(receive(p), ERR_BAD_INPUT);
        assert_int_equal(lowest_free_fd(), free_before);
    }
    fill_make(&p->sent); // which needs one
    send_raw(p, wire_message_bytes(WIRE_MAKE), fds, 2);
    assert_int_equal(receive(p), ERR_BAD_INPUT);
    assert_int_equal(lowest_free_fd(), free_before);
    assert_int_equal(wire_send(p->sock[0], &p->sent, NULL, 0), ERR_BAD_INPUT);
}

static void unknown_types_are_refused(void **state)
{
    struct pair *p = *state;
    fill_made(&p->sent);
    for (unsigned type = 0; type < 300; type += 7) {
        if (type >= WIRE_HELLO && type <= WIRE_FILE)
            continue;
        p->sent.type = (enum wire_type)type;
        assert_int_equal(wire_check(&p->sent), ERR_BAD_INPUT);
        assert_int_equal(wire_message_bytes(p->sent.type), 0);
        send_raw(p, wire_message_bytes(WIRE_MADE), NULL, 0);
        assert_int_equal(receive(p), ERR_BAD_INPUT);
    }
}

#define REFUSED_WITH(fill, spoil)                                              \
    do {                                                                       \
        fill(m);                                                               \
        assert_int_equal(wire_check(m), OK);                                   \
        spoil;                                                                 \
        assert_int_equal(wire_check(m), ERR_BAD_INPUT);                        \
    } while (0)

// A byte that no bool holds.
static void spoil_bool(bool *value)
{
    memset(value, 2, 1);
}

static void hello_is_checked(void **state)
{
    struct wire_message *m = &((struct pair *)*state)->sent;
    REFUSED_WITH(fill_hello, m->hello.version++);
    REFUSED_WITH(fill_hello, spoil_bool(&m->hello.has_seccomp));
    REFUSED_WITH(fill_hello, m->hello.build[0] = '\0');
    REFUSED_WITH(fill_hello, m->hello.build[3] = '\n');
    REFUSED_WITH(fill_hello,
                 memset(m->hello.build, 'x', sizeof m->hello.build));
}

static void probe_and_its_answer_are_checked(void **state)
{
    struct wire_message *m = &((struct pair *)*state)->sent;
    REFUSED_WITH(fill_probe, m->probe.limits.max_pixels = 0);
    REFUSED_WITH(fill_probe, m->probe.wish.gop_us = 0);
    REFUSED_WITH(fill_probe, m->probe.wish.bootstraps = 9);
    REFUSED_WITH(fill_probe, m->probe.wish.bootstrap_us[0] = -1);
    REFUSED_WITH(fill_probe, spoil_bool(&m->probe.copy_source));
    REFUSED_WITH(fill_probed, m->probed.tracks = 0);
    REFUSED_WITH(fill_probed, m->probed.tracks = TRACKS_MAX + 1);
    REFUSED_WITH(fill_probed, m->probed.track[0].kind = TRACK_KINDS);
    REFUSED_WITH(fill_probed, spoil_bool(&m->probed.track[0].is_playable));
    REFUSED_WITH(fill_probed, m->probed.plan_bytes = 0);
    REFUSED_WITH(fill_probed, m->probed.plan_bytes = PLAN_PACKED_BYTES_MAX + 1);
    REFUSED_WITH(fill_probed, m->probed.copied_peak_bps = -1);
    REFUSED_WITH(fill_probed, m->probed.result = ERRS);
    REFUSED_WITH(fill_probed, m->probed.result = ERR_UNSUPPORTED);
    strcpy(m->probed.code, "unsupported_media");
    assert_int_equal(wire_check(m), OK);
    strcpy(m->probed.detail, "a\033[31mb");
    assert_int_equal(wire_check(m), ERR_BAD_INPUT);
}

static void make_is_checked(void **state)
{
    struct wire_message *m = &((struct pair *)*state)->sent;
    REFUSED_WITH(fill_make, m->make.threads = 0);
    REFUSED_WITH(fill_make, m->make.threads = WIRE_THREADS_MAX + 1);
    REFUSED_WITH(fill_make, spoil_bool(&m->make.has_source_fd));
    REFUSED_WITH(fill_make, m->make.timescale = 0);
    REFUSED_WITH(fill_make, m->make.source_timebase.den = 0);
    REFUSED_WITH(fill_make, m->make.jumps = PLAN_JUMPS_MAX + 1);
    REFUSED_WITH(fill_make, m->make.borders = 1);
    REFUSED_WITH(fill_make, m->make.borders = WIRE_BORDERS_MAX + 1);
    REFUSED_WITH(fill_make, m->make.border[0] = -1);
    REFUSED_WITH(fill_make, m->make.border[1] = m->make.border[2]);
    REFUSED_WITH(fill_make, m->make.border[2] = m->make.plan_end + 1);
    REFUSED_WITH(fill_make, m->make.entry[1].position = -2);
    REFUSED_WITH(fill_make, m->make.outputs = 0);
    REFUSED_WITH(fill_make, m->make.outputs = WIRE_OUTPUTS_MAX + 1);
    REFUSED_WITH(fill_make, m->make.output[0].kind = PIECE_TS);
    REFUSED_WITH(fill_make, m->make.output[0].kind = PIECE_IFRAME);
    REFUSED_WITH(fill_make, m->make.output[0].recipe.crf = 99);
    REFUSED_WITH(fill_make, spoil_bool(&m->make.output[0].recipe.deinterlace));
    REFUSED_WITH(fill_make, m->make.output[0].recipe.mode = RECIPE_COPY);
    REFUSED_WITH(fill_make, m->make.borders = 0);
    fill_make(m);
    m->make.outputs = 2;
    m->make.output[1] = (struct wire_output){PIECE_INIT, audio_recipe()};
    assert_int_equal(wire_check(m), ERR_BAD_INPUT); // sound and pictures
}

static void fill_sheet(struct wire_message *m)
{
    fill_make(m);
    struct recipe *r = &m->make.output[0].recipe;
    m->make.output[0].kind = PIECE_IMAGE;
    r->mode = RECIPE_IMAGE;
    r->image = (struct recipe_image){IMAGE_SHEET, IMAGE_JPEG, 5, 2, 1};
}

static void an_image_has_a_request_for_itself(void **state)
{
    struct wire_message *m = &((struct pair *)*state)->sent;
    fill_sheet(m);
    assert_int_equal(wire_check(m), OK);
    REFUSED_WITH(fill_sheet, m->make.output[0].kind = PIECE_SEGMENT);
    REFUSED_WITH(fill_sheet, m->make.output[0].recipe.mode = RECIPE_ENCODE);
    REFUSED_WITH(fill_sheet, m->make.output[0].recipe.image.columns = 1);
    REFUSED_WITH(fill_sheet, m->make.output[0].recipe.image.form = IMAGE_STILL);
    REFUSED_WITH(fill_sheet, m->make.borders = 0);
    fill_sheet(m);
    m->make.outputs = 2;
    m->make.output[1] = (struct wire_output){PIECE_INIT, video_recipe()};
    assert_int_equal(wire_check(m), ERR_BAD_INPUT);
}

static void make_of_sound_counts_in_packets(void **state)
{
    struct wire_message *m = &((struct pair *)*state)->sent;
    fill_make(m);
    m->make.output[0].recipe = audio_recipe();
    m->make.borders = 2;
    m->make.border[1] = 100;
    m->make.audio_end = 100;
    assert_int_equal(wire_check(m), OK);
    m->make.border[0] = 100; // a segment shorter than a packet
    assert_int_equal(wire_check(m), OK);
    m->make.border[0] = 101;
    assert_int_equal(wire_check(m), ERR_BAD_INPUT);
    m->make.border[0] = 0;
    m->make.audio_end = 99;
    assert_int_equal(wire_check(m), ERR_BAD_INPUT);
}

static void ts_and_made_are_checked(void **state)
{
    struct wire_message *m = &((struct pair *)*state)->sent;
    REFUSED_WITH(fill_ts, m->ts.has_video = false);
    REFUSED_WITH(fill_ts, m->ts.video_timescale = 0);
    REFUSED_WITH(fill_ts, m->ts.has_audio = true);
    REFUSED_WITH(fill_ts, m->ts.segment = PLAN_GOPS_MAX);
    REFUSED_WITH(fill_made, m->made.outputs = WIRE_OUTPUTS_MAX + 1);
    REFUSED_WITH(fill_made, m->made.size_bytes[0] = -1);
    REFUSED_WITH(fill_made, m->made.size_bytes[0] = WIRE_FILE_BYTES_MAX + 1);
    REFUSED_WITH(fill_made, m->made.cpu_us = -1);
    REFUSED_WITH(fill_made, m->made.result = (enum err) - 1);
    REFUSED_WITH(fill_made, memset(m->made.detail, 'x', sizeof m->made.detail));
}

static void file_is_checked(void **state)
{
    struct wire_message *m = &((struct pair *)*state)->sent;
    REFUSED_WITH(fill_file, m->file.container = DOWNLOAD_CONTAINERS);
    REFUSED_WITH(fill_file, m->file.parts = 0);
    REFUSED_WITH(fill_file, m->file.parts = DOWNLOAD_PARTS_MAX + 1);
    REFUSED_WITH(fill_file, m->file.head_bytes = 0);
    REFUSED_WITH(fill_file, m->file.head_bytes = DOWNLOAD_HEAD_BYTES_MAX + 1);
    REFUSED_WITH(fill_file, m->file.file_bytes = m->file.head_bytes);
    REFUSED_WITH(fill_file, m->file.file_bytes = WIRE_FILE_BYTES_MAX + 1);
    REFUSED_WITH(fill_file,
                 m->file.video_timescale = DOWNLOAD_TIMESCALE_MAX + 1);
    REFUSED_WITH(fill_file, m->file.video_ticks = 0);
    REFUSED_WITH(fill_file, m->file.sound_rate = 0);
    REFUSED_WITH(fill_file, m->file.sound_rate = 192001);
    REFUSED_WITH(fill_file, m->file.sound_ticks = 0);
    REFUSED_WITH(fill_file, m->file.mp3_bps = 1);
    REFUSED_WITH(fill_mp3, m->file.is_copied = true);
    REFUSED_WITH(fill_mp3, m->file.head_bytes = 1);
    REFUSED_WITH(fill_mp3, m->file.mp3_bps = 0);
    REFUSED_WITH(fill_mp3, m->file.mp3_bps = 320001);
    REFUSED_WITH(fill_mp3, (m->file.sound_rate = 0, m->file.sound_ticks = 0));
}

#define PART_REFUSED_WITH(spoil)                                               \
    do {                                                                       \
        struct wire_part part = good;                                          \
        spoil;                                                                 \
        assert_int_equal(wire_check_part(&m->file, &part), ERR_BAD_INPUT);     \
    } while (0)

static void parts_of_a_file_are_checked(void **state)
{
    struct wire_message *m = &((struct pair *)*state)->sent;
    fill_file(m);
    const struct wire_part good = {.offset = 4096, .bytes = 5904};
    assert_int_equal(wire_check_part(&m->file, &good), OK);
    PART_REFUSED_WITH(part.offset = 4095);
    PART_REFUSED_WITH(part.offset = 10001);
    PART_REFUSED_WITH(part.offset = INT64_MAX);
    PART_REFUSED_WITH(part.bytes = 0);
    PART_REFUSED_WITH(part.bytes = 5905);
    PART_REFUSED_WITH(part.from = -1);
    PART_REFUSED_WITH(part.from = PLAN_TICKS_MAX + 1);
    PART_REFUSED_WITH(part.at = -1);
    PART_REFUSED_WITH(part.at = 180001);
    PART_REFUSED_WITH(part.is_init = 2);
    PART_REFUSED_WITH(part.is_sound = 2);
    m->file.video_timescale = 0;
    PART_REFUSED_WITH(part.is_sound = 0);
}

int main(void)
{
#define WIRED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WIRED(every_message_arrives_as_it_was_sent),
        WIRED(descriptors_arrive_open_and_close_on_exec),
        WIRED(an_empty_socket_is_busy_and_a_closed_one_gone),
        WIRED(a_full_socket_is_busy),
        WIRED(a_message_of_any_other_length_is_refused),
        WIRED(unexpected_descriptors_are_refused_and_closed),
        WIRED(unknown_types_are_refused),
        WIRED(hello_is_checked),
        WIRED(probe_and_its_answer_are_checked),
        WIRED(make_is_checked),
        WIRED(an_image_has_a_request_for_itself),
        WIRED(make_of_sound_counts_in_packets),
        WIRED(ts_and_made_are_checked),
        WIRED(file_is_checked),
        WIRED(parts_of_a_file_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
