// SPDX-License-Identifier: MIT
// request.c - flights and probes are given to workers; answers are believed or
// not.
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "crew.h"
#include "making.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"

struct request *request_new(struct jobs *j, enum wire_type type)
{
    struct request *r = NEW(struct request);
    r->number = ++j->last_request;
    r->type = type;
    for (size_t i = 0; i < WIRE_OUTPUTS_MAX; i++)
        r->output_fd[i] = -1;
    return r;
}

void request_free(struct request *r)
{
    for (size_t i = 0; i < WIRE_OUTPUTS_MAX; i++)
        fd_close(r->output_fd[i]);
    free(r);
}

// Pieces are made in memory: waiters have them before any disk does, a full
// disk stops no player, and what is published is a copy that no worker holds.
enum err request_open_output(struct request *r, uint32_t i)
{
    r->output_fd[i] = memfd_create("piece", MFD_CLOEXEC);
    if (r->output_fd[i] < 0)
        return fail_errno(ERR_IO, "memfd");
    return OK;
}

static void end_unwanted(struct jobs *j, struct request *r)
{
    if (j->is_stopping)
        return;
    struct worker *w = r->worker;
    w->request = NULL;
    request_free(r);
    worker_kill(j, w);
}

void request_forget(struct jobs *j, struct request *r, const struct flight *f)
{
    bool is_wanted = false;
    for (uint32_t i = 0; i < r->flights; i++) {
        if (r->flight[i] == f)
            r->flight[i] = NULL;
        is_wanted = is_wanted || r->flight[i];
    }
    if (!is_wanted)
        end_unwanted(j, r);
}

void request_forget_making(struct jobs *j, struct request *r)
{
    r->making = NULL;
    end_unwanted(j, r);
}

void request_lost(struct jobs *j, struct request *r, const char *why,
                  bool is_our_doing)
{
    if (r->probe && !is_our_doing)
        probe_missed(j, r->probe, why);
    if (r->making) {
        r->making->request = NULL;
        r->making->state = MAKING_ENDING;
        if (!is_our_doing)
            finish_missed(j, r->making, why);
    }
    // Flights may drop each other while they fail, so each is taken out first.
    for (uint32_t i = 0; i < r->flights; i++) {
        struct flight *f = r->flight[i];
        r->flight[i] = NULL;
        if (!f)
            continue;
        f->request = NULL;
        if (is_our_doing)
            queue_put(j, f, true);
        else
            flight_missed(j, f, why);
    }
    request_free(r);
}

static void set_idle(struct worker *w, const struct request *r)
{
    w->state = WORKER_IDLE;
    w->request = NULL;
    w->deadline_us = 0;
    w->idle_since_us = clock_now_us();
    w->cpu_begun_us = clock_process_cpu_us(w->pid);
    if (r->end.is_set)
        w->place[r->end.kind][r->end.mode] = r->end;
}

// The kernel's word on how much was written, not the worker's; and the two must
// agree, or it is not a worker of ours.
static enum err read_output(const struct request *r, uint32_t i,
                            const struct wire_made *made, struct blob **ret)
{
    int64_t size;
    TRY(fd_size(r->output_fd[i], &size));
    if (size <= 0 || size != made->size_bytes[i])
        return fail(ERR_BAD_INPUT, "output %u has %lld bytes, not %lld", i,
                    (long long)size, (long long)made->size_bytes[i]);
    return blob_from_fd(r->output_fd[i], WIRE_PIECE_BYTES_MAX, ret);
}

static enum err read_outputs(const struct request *r,
                             const struct wire_made *made, struct blob **blobs)
{
    for (uint32_t i = 0; i < r->flights; i++)
        TRY(read_output(r, i, made, &blobs[i]));
    return OK;
}

static enum err take_made(struct jobs *j, struct request *r,
                          const struct wire_made *made)
{
    struct blob *blobs[WIRE_OUTPUTS_MAX] = {NULL};
    enum err result = read_outputs(r, made, blobs);
    for (uint32_t i = 0; result == OK && i < r->flights; i++) {
        struct flight *f = r->flight[i];
        r->flight[i] = NULL;
        if (!f)
            continue;
        j->counts.media_us_made += r->duration_us[i];
        flight_made(j, f, blobs[i]);
    }
    for (uint32_t i = 0; i < r->flights; i++)
        blob_unref(blobs[i]);
    return result;
}

// The worker says that it could not: it is well, but the next attempt is for
// another one.
static void take_refusal(struct jobs *j, struct request *r,
                         const struct wire_made *made)
{
    char why[WIRE_TEXT_BYTES + 32];
    snprintf(why, sizeof why, "%s: %s", err_name(made->result), made->detail);
    for (uint32_t i = 0; i < r->flights; i++) {
        struct flight *f = r->flight[i];
        r->flight[i] = NULL;
        if (f)
            flight_missed(j, f, why);
    }
}

static enum err answered_make(struct jobs *j, struct worker *w,
                              const struct wire_made *made)
{
    struct request *r = w->request;
    if (made->request != r->number)
        return fail(ERR_BAD_INPUT, "an answer to another request");
    if (made->result == OK && r->type != WIRE_FILE &&
        made->outputs != r->flights)
        return fail(ERR_BAD_INPUT, "%u outputs, not %u", made->outputs,
                    r->flights);
    j->counts.cpu_us_spent += made->cpu_us;
    if (r->type == WIRE_FILE)
        TRY(r->making ? finish_answered(j, r->making, r, made) : OK);
    else if (made->result == OK)
        TRY(take_made(j, r, made));
    else
        take_refusal(j, r, made);
    set_idle(w, r);
    // It may hold on to the very file that is being published.
    if (r->type == WIRE_FILE)
        worker_kill(j, w);
    request_free(r);
    return OK;
}

enum err request_answered(struct jobs *j, struct worker *w,
                          const struct wire_message *m)
{
    struct request *r = w->request;
    if (m->type == WIRE_PROBED && r->type == WIRE_PROBE) {
        if (r->probe)
            TRY(probe_answered(j, r->probe, r, &m->probed));
        set_idle(w, r);
        request_free(r);
        return OK;
    }
    if (m->type == WIRE_MADE && r->type != WIRE_PROBE)
        return answered_make(j, w, &m->made);
    return fail(ERR_BAD_INPUT, "an answer of another kind");
}

// What yields to everything else may well take longer, without being at fault.
enum { BACKGROUND_PATIENCE = 8 };

static int64_t timeout_us(const struct jobs_options *o, const struct request *r)
{
    if (r->type == WIRE_PROBE)
        return o->probe_timeout_us;
    return o->make_timeout_us * (r->is_background ? BACKGROUND_PATIENCE : 1);
}

enum err request_send(struct jobs *j, struct worker *w, struct request *r,
                      const struct wire_message *m, const int *fds,
                      size_t fd_count, const struct digest *source)
{
    enum err result = wire_send(w->sock, m, fds, fd_count);
    if (result != OK) {
        // It must not be picked again before its death is noticed.
        roster_bury(j, w, "it does not listen");
        return fail(result, "the worker does not listen");
    }
    w->state = WORKER_BUSY;
    w->is_bound = true;
    w->source = *source;
    w->request = r;
    r->worker = w;
    w->deadline_us = clock_now_us() + timeout_us(&j->options, r);
    return OK;
}
