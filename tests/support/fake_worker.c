// SPDX-License-Identifier: MIT
// fake_worker.c - a worker that makes no media: for the tests of jobs.
//
//     fake-worker PARENT_PID MEMORY_BYTES on|off
//
// The source is a script, one "name=value" a line:
//
//   probe, make, ts, file   what to do: ok (default) refuse crash hang stop
//   burn
//                     lie garbage flood quit error
//   times             do so this often, over all workers; then ok (0: always)
//   counter           the file that counts those times, a byte each
//   log               a file that gets a line for each request
//   segments, gops    of the plan: gops of 2 s in each segment
//   copy              1: the source can be copied
//   delay_ms          before each answer
//
// A FILE has no source; its script is in the environment, FAKE_FILE.
//
// FAKE_HELLO: silent, unsandboxed, quit, or the name of another build.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/hash.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/model/plan.h"
#include "reeld/wire.h"

enum {
    SOCKET_FD = 3,
    SCRIPT_BYTES_MAX = 4096,
    FLOOD_MESSAGES = 1000,
    TIMESCALE = 1000,
    GOP_TICKS = 2000,
    FRAME_TICKS = 40,
    RATE = 48000,
};

struct fake {
    char *script;
    struct wire_message request, answer;
    int fds[WIRE_FDS_MAX];
    size_t fd_count;
};

// The value of `name` in the script, "" if it is not there.
static struct str value_of(const struct fake *f, const char *name)
{
    struct str rest = str_of(f->script ? f->script : "");
    while (rest.ptr) {
        struct str line = str_cut(&rest, '\n');
        struct str key = str_cut(&line, '=');
        if (str_eq(key, str_of(name)))
            return line;
    }
    return STR("");
}

static int64_t number_of(const struct fake *f, const char *name, int64_t none)
{
    int64_t number = none;
    if (str_to_int(value_of(f, name), 0, INT32_MAX, &number) != OK)
        return none;
    return number;
}

static bool is_first_times(const struct fake *f)
{
    int64_t times = number_of(f, "times", 0);
    if (times == 0)
        return true;
    scoped(mem) char *path = str_dup(value_of(f, "counter"));
    scoped(fd) int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size >= times)
        return false;
    return write(fd, "x", 1) == 1;
}

static void note_request(const struct fake *f, const char *what)
{
    struct str path = value_of(f, "log");
    if (path.len == 0)
        return;
    scoped(mem) char *name = str_dup(path);
    scoped(fd) int fd = open(name, O_WRONLY | O_APPEND | O_CREAT, 0600);
    char line[384];
    int len = snprintf(line, sizeof line, "pid=%d nice=%d %s\n", (int)getpid(),
                       getpriority(PRIO_PROCESS, 0), what);
    ignore(fd_write_all(fd, line, (size_t)len)); // the test misses it then
}

static void send_answer(struct fake *f)
{
    if (wire_send(SOCKET_FD, &f->answer, NULL, 0) != OK)
        exit(1);
}

static void rest_a_while(const struct fake *f)
{
    int64_t ms = number_of(f, "delay_ms", 0);
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static void send_garbage(void)
{
    uint8_t noise[512];
    random_bytes(noise, sizeof noise);
    if (write(SOCKET_FD, noise, 1 + noise[0] % sizeof noise) < 0)
        exit(1);
}

// Two threads' worth of processor time, until it is ended.
static void *spin(void *argument)
{
    volatile uint64_t *count = argument;
    for (;;)
        (*count)++;
    return NULL;
}

static void burn(void)
{
    static volatile uint64_t counts[2];
    pthread_t thread;
    void *first = (void *)(uintptr_t)&counts[0];
    if (pthread_create(&thread, NULL, spin, first) != 0)
        exit(1);
    spin((void *)(uintptr_t)&counts[1]);
}

// What no honest worker does. False: nothing of the kind is asked for.
static bool misbehave(const struct fake *f, struct str how)
{
    if (str_eq(how, STR("crash"))) {
        signal(SIGSEGV, SIG_DFL); // not a sanitizer's to report
        raise(SIGSEGV);
    }
    if (str_eq(how, STR("quit")))
        exit(7);
    if (str_eq(how, STR("hang")))
        for (;;)
            pause();
    if (str_eq(how, STR("stop")))
        raise(SIGSTOP);
    if (str_eq(how, STR("burn")))
        burn();
    bool is_flood = str_eq(how, STR("flood"));
    if (!is_flood && !str_eq(how, STR("garbage")))
        return false;
    for (int i = 0; i < (is_flood ? FLOOD_MESSAGES : 1); i++) {
        fprintf(stderr, "noise %d\033[31m\n", i);
        send_garbage();
    }
    rest_a_while(f);
    return true;
}

// ---- probing ---------------------------------------------------------------

static void lay_plan(const struct fake *f, struct plan *p)
{
    uint32_t segments = (uint32_t)number_of(f, "segments", 4);
    uint32_t each = (uint32_t)number_of(f, "gops", 2);
    uint32_t gops = segments * each;
    p->timescale = TIMESCALE;
    p->source_timebase = (struct rational){1, TIMESCALE};
    p->is_video_copied = number_of(f, "copy", 0) != 0;
    p->gops = p->runs = gops;
    p->gop_border = NEW_ARRAY(gops + 1, int64_t);
    p->gop_entry = NEW_ARRAY(gops, struct plan_entry);
    p->run = NEW_ARRAY(gops, struct plan_run);
    p->gop_run = NEW_ARRAY(gops + 1, uint32_t);
    p->segments = segments;
    p->segment_gop = NEW_ARRAY(segments + 1, uint32_t);
    for (uint32_t i = 0; i <= gops; i++) {
        p->gop_border[i] = (int64_t)i * GOP_TICKS;
        p->gop_run[i] = i;
    }
    for (uint32_t i = 0; i < gops; i++) {
        p->gop_entry[i] = (struct plan_entry){(int64_t)i * GOP_TICKS, i};
        p->run[i] = (struct plan_run){FRAME_TICKS, GOP_TICKS / FRAME_TICKS};
    }
    for (uint32_t i = 0; i <= segments; i++)
        p->segment_gop[i] = i * each;
    p->audios = 1;
    int64_t samples = (int64_t)gops * GOP_TICKS * (RATE / TIMESCALE);
    p->audio[0] = (struct plan_audio){
        .track = 1, .rate = RATE, .packets = (samples + 1023) / 1024};
}

static void describe_tracks(const struct fake *f, struct wire_probed *ret)
{
    ret->tracks = 2;
    ret->copied_peak_bps = 9000000; // more than any rung costs
    ret->track[0] = (struct track){
        .kind = TRACK_VIDEO,
        .codec = "h264",
        .codecs = "avc1.640028",
        .is_playable = true,
        .coded_width = 1280,
        .coded_height = 720,
        .sample_aspect = {1,  1},
        .frame_rate = {25, 1},
        .bit_depth = 8,
        .chroma = 420,
        .is_copyable = number_of(f, "copy", 0) != 0
    };
    ret->track[1] = (struct track){.stream = 1,
                                   .kind = TRACK_AUDIO,
                                   .codec = "aac",
                                   .codecs = "mp4a.40.2",
                                   .is_playable = true,
                                   .channels = 2,
                                   .sample_rate = RATE};
}

static void probe(struct fake *f, struct str how)
{
    struct wire_probed *ret = &f->answer.probed;
    f->answer.type = WIRE_PROBED;
    if (str_eq(how, STR("refuse"))) {
        ret->result = ERR_UNSUPPORTED;
        str_copy(ret->code, sizeof ret->code, STR("unsupported_media"));
        str_copy(ret->detail, sizeof ret->detail, STR("a shopping list"));
        return;
    }
    scoped(plan) struct plan *p = NEW(struct plan);
    lay_plan(f, p);
    describe_tracks(f, ret);
    if (str_eq(how, STR("lie")))
        p->audio[0].track = 5; // there is none
    scoped(buf) struct buf packed;
    buf_init(&packed, PLAN_PACKED_BYTES_MAX);
    plan_pack(p, &packed);
    if (fd_write_all(f->fds[1], packed.bytes, packed.len) != OK)
        exit(1);
    ret->plan_bytes = (int64_t)packed.len;
    if (str_eq(how, STR("lie_size")))
        ret->plan_bytes++;
}

// ---- making ----------------------------------------------------------------

static void fail_made(struct fake *f)
{
    f->answer.made.result = ERR_IO;
    str_copy(f->answer.made.detail, sizeof f->answer.made.detail,
             STR("the picture is torn"));
}

static void note_output(const struct fake *f, const struct wire_make *ask,
                        const char *what)
{
    char text[320];
    snprintf(text, sizeof text, "%s entry %lld of %u", what,
             (long long)ask->entry[0].dts, ask->outputs);
    note_request(f, text);
}

// Says what it is and where it comes from, so that tests can tell.
static void make(struct fake *f, struct str how)
{
    const struct wire_make *ask = &f->request.make;
    struct wire_made *ret = &f->answer.made;
    f->answer.type = WIRE_MADE;
    ret->request = ask->request + (str_eq(how, STR("lie_request")) ? 1 : 0);
    if (str_eq(how, STR("error"))) {
        fail_made(f);
        return;
    }
    const int *fds = f->fds + (ask->has_source_fd ? 1 : 0);
    ret->outputs = ask->outputs;
    ret->cpu_us = 1000;
    for (uint32_t i = 0; i < ask->outputs; i++) {
        const struct recipe *r = &ask->output[i].recipe;
        bool has_range = ask->output[i].kind != PIECE_INIT;
        char text[256];
        int len = snprintf(
            text, sizeof text, "%s %s %s %dx%d %lld %lld",
            piece_kind_name(ask->output[i].kind), track_kind_name(r->kind),
            r->mode == RECIPE_COPY ? "copy" : "encode",
            (int)(r->sizes > 0 ? r->size[r->sizes - 1].width : 0),
            (int)(r->sizes > 0 ? r->size[r->sizes - 1].height : 0),
            (long long)(has_range ? ask->border[0] : -1),
            (long long)(has_range ? ask->border[ask->borders - 1] : -1));
        note_output(f, ask, text);
        if (fd_write_all(fds[i], text, (size_t)len) != OK)
            exit(1);
        ret->size_bytes[i] = len + (str_eq(how, STR("lie")) ? 1 : 0);
    }
}

static void make_ts(struct fake *f)
{
    f->answer.type = WIRE_MADE;
    struct wire_made *ret = &f->answer.made;
    ret->request = f->request.ts.request;
    ret->outputs = 1;
    scoped(buf) struct buf all;
    buf_init(&all, 1 << 20);
    for (size_t i = 0; i + 1 < f->fd_count; i++) {
        uint8_t *bytes = NULL;
        size_t len = 0;
        if (fd_read_file(f->fds[i], 1 << 20, &bytes, &len) != OK)
            exit(1);
        buf_add(&all, bytes, len);
        buf_char(&all, '\n');
        free(bytes);
    }
    note_request(f, "ts");
    if (fd_write_all(f->fds[f->fd_count - 1], all.bytes, all.len) != OK)
        exit(1);
    ret->size_bytes[0] = (int64_t)all.len;
}

// A head that says what it was asked for, or a whole file of the same.
static void make_file(struct fake *f, struct str how)
{
    const struct wire_file *ask = &f->request.file;
    struct wire_made *ret = &f->answer.made;
    f->answer.type = WIRE_MADE;
    ret->request = ask->request;
    if (str_eq(how, STR("error")) || str_eq(how, STR("full"))) {
        fail_made(f);
        if (str_eq(how, STR("full")))
            ret->result = ERR_NO_SPACE;
        return;
    }
    bool is_whole = ask->is_copied || ask->container == DOWNLOAD_MP3;
    size_t len = is_whole ? 200 : (size_t)ask->head_bytes;
    scoped(mem) char *text = mem_new(len + 1, 1);
    snprintf(text, len, "%s of %u parts, %lld bytes",
             is_whole ? "whole" : "head", ask->parts,
             (long long)ask->file_bytes);
    note_request(f, text);
    if (str_eq(how, STR("lie")))
        len--;
    if (fd_write_all(f->fds[2], text, len) != OK)
        exit(1);
    ret->outputs = 1;
    ret->size_bytes[0] = (int64_t)len;
}

// ---- the loop --------------------------------------------------------------

static void take_script(struct fake *f)
{
    bool has_source =
        f->request.type == WIRE_PROBE ||
        (f->request.type == WIRE_MAKE && f->request.make.has_source_fd);
    uint8_t *bytes = NULL;
    size_t len = 0;
    const char *of_files = getenv("FAKE_FILE");
    if (f->request.type == WIRE_FILE && f->script)
        exit(9); // it met an upload
    if (f->request.type == WIRE_FILE && of_files)
        f->script = mem_text(of_files);
    if (!has_source)
        return;
    if (f->script || // a second source: jobs broke its promise
        fd_read_file(f->fds[0], SCRIPT_BYTES_MAX, &bytes, &len) != OK)
        exit(9);
    f->script = (char *)bytes;
}

static void serve_one(struct fake *f)
{
    memset(&f->answer, 0, sizeof f->answer);
    take_script(f);
    static const char *const names[] = {[WIRE_PROBE] = "probe",
                                        [WIRE_MAKE] = "make",
                                        [WIRE_TS] = "ts",
                                        [WIRE_FILE] = "file"};
    struct str how = value_of(f, names[f->request.type]);
    if (how.len > 0 && !is_first_times(f))
        how = STR("");
    if (f->request.type == WIRE_PROBE)
        note_request(f, "probe");
    if (misbehave(f, how))
        return;
    if (f->request.type == WIRE_PROBE)
        probe(f, how);
    else if (f->request.type == WIRE_MAKE)
        make(f, how);
    else if (f->request.type == WIRE_FILE)
        make_file(f, how);
    else
        make_ts(f);
    rest_a_while(f);
    send_answer(f);
}

static void say_hello(struct fake *f)
{
    const char *how = getenv("FAKE_HELLO");
    struct str word = str_of(how ? how : "");
    if (str_eq(word, STR("silent")))
        for (;;)
            pause();
    if (str_eq(word, STR("quit")))
        exit(7);
    f->answer.type = WIRE_HELLO;
    struct wire_hello *hello = &f->answer.hello;
    hello->version = WIRE_VERSION;
    hello->has_seccomp = !str_eq(word, STR("unsandboxed"));
    hello->has_landlock = hello->has_seccomp;
    bool is_other = str_starts(word, STR("build"));
    str_copy(hello->build, sizeof hello->build, is_other ? word : STR("fake"));
    send_answer(f);
}

int main(void)
{
    struct fake *f = NEW(struct fake);
    say_hello(f);
    while (wire_receive(SOCKET_FD, &f->request, f->fds, &f->fd_count) == OK) {
        serve_one(f);
        for (size_t i = 0; i < f->fd_count; i++)
            fd_close(f->fds[i]);
    }
    free(f->script);
    free(f);
    return 0;
}
