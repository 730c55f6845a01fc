// SPDX-License-Identifier: MIT
// loop.c - HELLO, then one request after the other.
#include "reeld/worker.h"

#include <string.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/base/str.h"
#include "reeld/media.h"
#include "reeld/wire.h"

struct loop {
    int sock;
    struct media_source *source; // NULL until the first PROBE or MAKE
    // 10 KB each: kept off the stack, which sanitizers make small.
    struct wire_message request, answer;
    int fds[WIRE_FDS_MAX]; // of the request; -1: passed on
    size_t fd_count;
};

static enum err say_hello(struct loop *l, const struct sandbox_state *walls)
{
    memset(&l->answer, 0, sizeof l->answer);
    l->answer.type = WIRE_HELLO;
    struct wire_hello *hello = &l->answer.hello;
    hello->version = WIRE_VERSION;
    hello->has_seccomp = walls->has_seccomp;
    hello->has_landlock = walls->has_landlock;
    media_build(hello->build);
    return wire_send(l->sock, &l->answer, NULL, 0);
}

// The daemon refuses text that is not printable, and libav's messages may carry
// bytes of the file.
static void make_printable(char *text, size_t bytes)
{
    text[bytes - 1] = '\0';
    if (str_is_printable(str_of(text)))
        return;
    for (char *at = text; *at; at++)
        if (*at < 0x20 || *at > 0x7E)
            *at = '?';
}

// A worker has one source for life: what a hostile file may have done to this
// process must not meet another file.
static enum err take_source(struct loop *l)
{
    if (l->source)
        return fail(ERR_BAD_INPUT, "a second source");
    l->source = media_source_new(take_fd(&l->fds[0]));
    return OK;
}

static enum err do_probe(struct loop *l)
{
    TRY(take_source(l));
    l->answer.type = WIRE_PROBED;
    struct wire_probed *probed = &l->answer.probed;
    media_probe(l->source, &l->request.probe, l->fds[1], probed);
    make_printable(probed->detail, sizeof probed->detail);
    return OK;
}

static void end_made(struct wire_made *made, uint32_t request)
{
    made->request = request;
    make_printable(made->detail, sizeof made->detail);
}

// Black pictures and silence are made of nothing.
static bool needs_source(const struct wire_make *ask)
{
    for (uint32_t i = 0; i < ask->outputs; i++)
        if (ask->output[i].recipe.stream >= 0)
            return true;
    return false;
}

static enum err do_make(struct loop *l)
{
    const struct wire_make *ask = &l->request.make;
    if (ask->has_source_fd)
        TRY(take_source(l));
    if (!l->source && needs_source(ask))
        return fail(ERR_BAD_INPUT, "no source yet");
    l->answer.type = WIRE_MADE;
    const int *outputs = l->fds + (ask->has_source_fd ? 1 : 0);
    media_make(l->source, ask, outputs, &l->answer.made);
    end_made(&l->answer.made, ask->request);
    return OK;
}

static enum err do_ts(struct loop *l)
{
    const struct wire_ts *ask = &l->request.ts;
    l->answer.type = WIRE_MADE;
    const int *fd = l->fds;
    int video_init = ask->has_video ? *fd++ : -1;
    int video_piece = ask->has_video ? *fd++ : -1;
    int audio_init = ask->has_audio ? *fd++ : -1;
    int audio_piece = ask->has_audio ? *fd++ : -1;
    media_make_ts(ask, video_init, video_piece, audio_init, audio_piece, *fd,
                  &l->answer.made);
    end_made(&l->answer.made, ask->request);
    return OK;
}

static enum err do_file(struct loop *l)
{
    l->answer.type = WIRE_MADE;
    media_make_file(&l->request.file, l->fds[0], l->fds[1], l->fds[2],
                    &l->answer.made);
    end_made(&l->answer.made, l->request.file.request);
    return OK;
}

static enum err do_request(struct loop *l)
{
    memset(&l->answer, 0, sizeof l->answer);
    switch (l->request.type) {
    case WIRE_PROBE:
        return do_probe(l);
    case WIRE_MAKE:
        return do_make(l);
    case WIRE_TS:
        return do_ts(l);
    case WIRE_FILE:
        return do_file(l);
    case WIRE_HELLO:
    case WIRE_PROBED:
    case WIRE_MADE:
        break;
    }
    return fail(ERR_BAD_INPUT, "an answer where a request was due");
}

static enum err serve(struct loop *l)
{
    for (;;) {
        enum err result =
            wire_receive(l->sock, &l->request, l->fds, &l->fd_count);
        if (result == ERR_NOT_FOUND)
            return OK; // the daemon has no more work for us
        if (result != OK)
            return result;
        result = do_request(l);
        for (size_t i = 0; i < l->fd_count; i++)
            fd_close(l->fds[i]);
        if (result != OK)
            return result;
        TRY(wire_send(l->sock, &l->answer, NULL, 0));
    }
}

enum err worker_serve(int sock, const struct sandbox_state *walls)
{
    media_init();
    scoped(mem) struct loop *l = NEW(struct loop);
    l->sock = sock;
    enum err result = say_hello(l, walls);
    if (result == OK)
        result = serve(l);
    media_source_free(l->source);
    return result;
}
