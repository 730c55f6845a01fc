// SPDX-License-Identifier: MIT
// serve_test.c - the loop of a worker, asked over its socket.
#include "reeld/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reeld/base/mem.h"
#include "reeld/wire.h"
#include "unit.h"
#include "worker_media.h"

struct serving {
    int sock, worker_sock;
    pthread_t thread;
    enum err result;
    struct wire_message m;
    int fds[WIRE_FDS_MAX];
    size_t fd_count;
};

static void *run_worker(void *argument)
{
    struct serving *s = argument;
    static const struct sandbox_state walls = {true, false};
    s->result = worker_serve(s->worker_sock, &walls);
    close(s->worker_sock);
    return NULL;
}

static void receive(struct serving *s, enum wire_type type)
{
    assert_int_equal(wire_receive(s->sock, &s->m, s->fds, &s->fd_count), OK);
    assert_int_equal(s->m.type, type);
}

static int set_up(void **state)
{
    struct serving *s = NEW(struct serving);
    *media_noted() = (struct noted){0};
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    s->sock = pair[0];
    s->worker_sock = pair[1];
    assert_int_equal(pthread_create(&s->thread, NULL, run_worker, s), 0);
    receive(s, WIRE_HELLO);
    *state = s;
    return 0;
}

static enum err stop(struct serving *s)
{
    shutdown(s->sock, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    return s->result;
}

static int tear_down(void **state)
{
    struct serving *s = *state;
    assert_int_equal(media_noted()->sources_open, 0);
    close(s->sock);
    free(s);
    return 0;
}

static int file_with(const char *text)
{
    int fd = memfd_create("test", 0);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

// Sends s->m with these descriptors, which are then closed here.
static void ask(struct serving *s, const int *fds, size_t count)
{
    assert_int_equal(wire_send(s->sock, &s->m, fds, count), OK);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static struct wire_limits some_limits(void)
{
    return (struct wire_limits){1000000, 1000000, 60, 8};
}

static void fill_probe(struct serving *s)
{
    s->m = (struct wire_message){.type = WIRE_PROBE};
    s->m.probe.limits = some_limits();
    s->m.probe.wish = (struct plan_wish){
        .segment_us = 4000000, .segment_max_us = 6000000, .gop_us = 2000000};
}

static void fill_make(struct serving *s, bool has_source)
{
    s->m = (struct wire_message){.type = WIRE_MAKE};
    struct wire_make *m = &s->m.make;
    m->request = 42;
    m->threads = 1;
    m->has_source_fd = has_source;
    m->limits = some_limits();
    m->timescale = 48000;
    m->source_timebase = (struct rational){1, 48000};
    m->plan_end = m->audio_end = 10;
    m->outputs = 1;
    m->output[0].kind = PIECE_INIT;
    m->output[0].recipe = (struct recipe){.kind = TRACK_AUDIO,
                                          .mode = RECIPE_ENCODE,
                                          .sample_rate = 48000,
                                          .channels = 2,
                                          .bitrate = 64000};
}

static void hello_says_what_the_walls_are(void **state)
{
    struct serving *s = *state;
    assert_true(s->m.hello.has_seccomp);
    assert_false(s->m.hello.has_landlock);
    assert_string_equal(s->m.hello.build, "noted 1");
    assert_int_equal(media_noted()->inits, 1);
    assert_int_equal(stop(s), OK);
}

static void a_probe_and_what_follows_share_one_source(void **state)
{
    struct serving *s = *state;
    int plan = file_with("");
    int kept = dup(plan);
    fill_probe(s);
    ask(s, (int[]){file_with("the upload"), plan}, 2);
    receive(s, WIRE_PROBED);
    assert_string_equal(s->m.probed.code, "unsupported_media");
    assert_string_equal(media_noted()->source, "the upload");
    char text[8] = "";
    assert_int_equal(pread(kept, text, 7, 0), 4);
    assert_string_equal(text, "plan");
    close(kept);

    int output = file_with("");
    kept = dup(output);
    fill_make(s, false);
    ask(s, (int[]){output}, 1);
    receive(s, WIRE_MADE);
    assert_int_equal(s->m.made.request, 42);
    assert_int_equal(pread(kept, text, 7, 0), 5);
    close(kept);
    assert_int_equal(media_noted()->sources_open, 1);
    assert_int_equal(stop(s), OK);
}

static void a_second_source_ends_the_worker(void **state)
{
    struct serving *s = *state;
    for (int i = 0; i < 2; i++) {
        fill_make(s, true);
        ask(s, (int[]){file_with("x"), file_with("")}, 2);
        if (i == 0)
            receive(s, WIRE_MADE);
    }
    pthread_join(s->thread, NULL);
    assert_int_equal(s->result, ERR_BAD_INPUT);
    assert_int_equal(media_noted()->makes, 1);
}

static void a_make_without_a_source_ends_the_worker(void **state)
{
    struct serving *s = *state;
    fill_make(s, false);
    ask(s, (int[]){file_with("")}, 1);
    pthread_join(s->thread, NULL);
    assert_int_equal(s->result, ERR_BAD_INPUT);
}

static void what_is_made_of_nothing_needs_no_source(void **state)
{
    struct serving *s = *state;
    fill_make(s, false);
    s->m.make.output[0].recipe.stream = -1;
    ask(s, (int[]){file_with("")}, 1);
    receive(s, WIRE_MADE);
    assert_int_equal(media_noted()->sources_open, 0);
    assert_int_equal(stop(s), OK);
}

static void an_answer_instead_of_a_request_ends_the_worker(void **state)
{
    struct serving *s = *state;
    s->m = (struct wire_message){.type = WIRE_MADE};
    ask(s, NULL, 0);
    pthread_join(s->thread, NULL);
    assert_int_equal(s->result, ERR_BAD_INPUT);
}

static void the_parts_of_a_ts_come_in_order(void **state)
{
    struct serving *s = *state;
    s->m = (struct wire_message){.type = WIRE_TS};
    s->m.ts.request = 7;
    s->m.ts.has_video = s->m.ts.has_audio = true;
    s->m.ts.video_timescale = s->m.ts.audio_timescale = 1000;
    ask(s,
        (int[]){file_with("a"), file_with("b"), file_with("c"), file_with("d"),
                file_with("e")},
        5);
    receive(s, WIRE_MADE);
    assert_int_equal(s->m.made.request, 7);
    for (int i = 0; i < 5; i++)
        assert_int_equal(media_noted()->ts_fds[i], 'a' + i);

    s->m = (struct wire_message){.type = WIRE_TS};
    s->m.ts.has_audio = true;
    s->m.ts.audio_timescale = 1000;
    ask(s, (int[]){file_with("c"), file_with("d"), file_with("e")}, 3);
    receive(s, WIRE_MADE);
    const int expected[] = {-1, -1, 'c', 'd', 'e'};
    assert_memory_equal(media_noted()->ts_fds, expected, sizeof expected);
    assert_int_equal(stop(s), OK);
}

static void a_file_gets_its_parts_their_list_and_its_output(void **state)
{
    struct serving *s = *state;
    s->m = (struct wire_message){.type = WIRE_FILE};
    s->m.file = (struct wire_file){.request = 8,
                                   .container = DOWNLOAD_M4A,
                                   .parts = 1,
                                   .head_bytes = 100,
                                   .file_bytes = 200,
                                   .sound_rate = 48000,
                                   .sound_ticks = 48000};
    ask(s, (int[]){file_with("a"), file_with("b"), file_with("c")}, 3);
    receive(s, WIRE_MADE);
    assert_int_equal(s->m.made.request, 8);
    for (int i = 0; i < 3; i++)
        assert_int_equal(media_noted()->file_fds[i], 'a' + i);
    assert_int_equal(stop(s), OK);
}

static void details_are_made_printable(void **state)
{
    struct serving *s = *state;
    str_copy(media_noted()->detail, sizeof media_noted()->detail,
             STR("tag \033[31m\xff"));
    fill_probe(s);
    ask(s, (int[]){file_with("x"), file_with("")}, 2);
    receive(s, WIRE_PROBED);
    assert_string_equal(s->m.probed.detail, "tag ?[31m?");
    assert_int_equal(stop(s), OK);
}

int main(void)
{
#define SERVED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SERVED(hello_says_what_the_walls_are),
        SERVED(a_probe_and_what_follows_share_one_source),
        SERVED(a_second_source_ends_the_worker),
        SERVED(a_make_without_a_source_ends_the_worker),
        SERVED(what_is_made_of_nothing_needs_no_source),
        SERVED(an_answer_instead_of_a_request_ends_the_worker),
        SERVED(the_parts_of_a_ts_come_in_order),
        SERVED(a_file_gets_its_parts_their_list_and_its_output),
        SERVED(details_are_made_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
