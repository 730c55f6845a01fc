// SPDX-License-Identifier: MIT
// dispatch.c - who gets a worker now, and what rides along.
//
// Encoding for somebody may take `workers` workers; what costs little (sound,
// copies, headers, probes) has one more, so that it never queues behind
// pictures; images have workers of their own, so that no page of thumbnails
// delays a segment, of sound neither; the ladder, and pictures for downloads,
// take only what is left over, and one less than that where there are two or
// more.
#include <string.h>
#include <utlist.h>

#include "crew.h"
#include "making.h"
#include "reeld/base/fd.h"
#include "reeld/model/gap.h"

enum { SCAN_MAX = 64 }; // flights looked at that cannot begin yet

struct load {
    int lane[LOADS]; // busy with what somebody wants
    int background;
};

static struct load count_load(const struct jobs *j)
{
    struct load load = {0};
    const struct worker *w;
    DL_FOREACH (j->workers, w) {
        if (w->state != WORKER_BUSY)
            continue;
        if (w->request->is_background)
            load.background++;
        else
            load.lane[w->request->load]++;
    }
    return load;
}

// Nobody sits and watches for it. What costs little is not slowed down, or a
// download that is only copied would wait for each slice of the ladder.
static bool is_in_background(enum urgency urgency, enum load_lane lane)
{
    return urgency == URGENCY_LADDER ||
           (urgency == URGENCY_DOWNLOAD && lane == LOAD_HEAVY);
}

static bool has_room(const struct jobs *j, enum urgency urgency,
                     enum load_lane lane)
{
    struct load load = count_load(j);
    int urgent = load.lane[LOAD_HEAVY] + load.lane[LOAD_LIGHT];
    bool may_keep = j->publishing.kept_bytes < KEPT_BYTES_MAX;
    if (is_in_background(urgency, lane))
        return may_keep && urgent + load.background < ladder_workers(j);
    if (urgency != URGENCY_NOW && !may_keep)
        return false;
    switch (lane) {
    case LOAD_HEAVY:
        return load.lane[LOAD_HEAVY] < j->options.workers;
    case LOAD_LIGHT:
        return urgent <= j->options.workers;
    case LOAD_IMAGE:
        return load.lane[LOAD_IMAGE] < j->options.image_workers;
    case LOADS:
        break;
    }
    return false;
}

static struct need need_of(const struct flight *f)
{
    return (struct need){
        .source = &f->piece.asset->source,
        .wants_fresh = f->attempts > 0,
        .is_background = is_in_background(f->urgency, link_load(f)),
        .load = link_load(f),
        .place = link_begin(f),
    };
}

// Everything as urgent that costs little or comes from the same decode.
static void gather(const struct jobs *j, struct flight *lead, struct request *r)
{
    r->flight[r->flights++] = lead;
    for (enum urgency u = 0; u <= lead->urgency; u++) {
        struct flight *f;
        DL_FOREACH (j->queue[u], f)
            if (r->flights < WIRE_OUTPUTS_MAX && link_may_join(lead, f))
                r->flight[r->flights++] = f;
    }
}

static enum err open_outputs(struct request *r, int *fds, size_t *count)
{
    for (uint32_t i = 0; i < r->flights; i++) {
        TRY(request_open_output(r, i));
        fds[(*count)++] = r->output_fd[i];
    }
    return OK;
}

static enum err send_make(struct jobs *j, struct worker *w, struct request *r,
                          struct wire_message *m)
{
    const struct digest *source = &r->flight[0]->piece.asset->source;
    m->type = WIRE_MAKE;
    link_make(&j->options, r->flight, r->flights, &m->make);
    m->make.request = r->number;
    bool is_of_nothing = asset_is_gap(r->flight[0]->piece.asset);
    m->make.has_source_fd = !w->has_source && !is_of_nothing;
    scoped(fd) int source_fd = -1;
    int fds[WIRE_FDS_MAX];
    size_t count = 0;
    if (m->make.has_source_fd) {
        TRY(store_open(j->store, source, &source_fd));
        fds[count++] = source_fd;
    }
    TRY(open_outputs(r, fds, &count));
    TRY(request_send(j, w, r, m, fds, count, source));
    w->has_source = w->has_source || m->make.has_source_fd;
    return OK;
}

static void close_fds(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fd_close(fds[i]);
}

static enum err open_part(const struct blob *blob, int *ret)
{
    struct request scratch = {0};
    TRY(request_open_output(&scratch, 0));
    scoped(fd) int fd = scratch.output_fd[0];
    TRY(fd_write_all(fd, blob->bytes, blob->len));
    *ret = take_fd(&fd);
    return OK;
}

static enum err send_ts(struct jobs *j, struct worker *w, struct request *r,
                        struct wire_message *m)
{
    const struct flight *f = r->flight[0];
    m->type = WIRE_TS;
    link_ts(f, &m->ts);
    m->ts.request = r->number;
    int fds[TS_PARTS_MAX + 1];
    size_t parts = 0;
    enum err result = OK;
    while (result == OK && parts < f->parts) {
        result = open_part(f->part[parts].blob, &fds[parts]);
        parts += result == OK;
    }
    size_t count = parts;
    if (result == OK)
        result = open_outputs(r, fds, &count);
    if (result == OK)
        result = request_send(j, w, r, m, fds, count, &f->piece.asset->source);
    close_fds(fds, parts);
    return result;
}

static void describe(struct request *r, const struct flight *lead)
{
    r->load = link_load(lead);
    r->is_background = is_in_background(lead->urgency, r->load);
    r->end = link_end(lead);
    for (uint32_t i = 0; i < r->flights; i++)
        if (link_load(r->flight[i]) == LOAD_HEAVY)
            r->duration_us[i] = piece_duration_us(&r->flight[i]->piece);
}

// The request could not even be put together: no source, no memory, or a worker
// that does not listen.
static void give_up(struct jobs *j, struct request *r, const char *why)
{
    char text[256]; // fail_text() does not last
    str_copy(text, sizeof text, str_of(why));
    r->worker = NULL;
    request_lost(j, r, text, false);
}

static void begin(struct jobs *j, struct worker *w, struct flight *lead)
{
    bool is_ts = lead->piece.kind == PIECE_TS;
    struct request *r = request_new(j, is_ts ? WIRE_TS : WIRE_MAKE);
    gather(j, lead, r);
    describe(r, lead);
    worker_set_background(w, r->is_background);
    for (uint32_t i = 0; i < r->flights; i++)
        flight_begin(j, r->flight[i], r);
    struct wire_message *m = &j->message;
    memset(m, 0, sizeof *m);
    enum err result = is_ts ? send_ts(j, w, r, m) : send_make(j, w, r, m);
    if (result != OK)
        give_up(j, r, fail_text());
}

// An INIT goes with a segment of its rendition that may begin as well.
static struct flight *lead_of(struct jobs *j, struct flight *f)
{
    if (f->piece.kind != PIECE_INIT)
        return f;
    struct flight *g;
    for (enum urgency u = 0; u <= f->urgency; u++)
        DL_FOREACH (j->queue[u], g)
            if (g->piece.kind == PIECE_SEGMENT &&
                g->piece.rendition == f->piece.rendition &&
                link_may_join(g, f) && has_room(j, u, link_load(g)))
                return g;
    return f;
}

// True: something was begun, and the queue is another one now.
static bool begin_some(struct jobs *j, enum urgency urgency)
{
    int looked = 0;
    struct flight *f;
    DL_FOREACH (j->queue[urgency], f) {
        if (++looked > SCAN_MAX)
            break;
        struct flight *lead = lead_of(j, f);
        if (!has_room(j, urgency, link_load(lead)))
            continue;
        struct need need = need_of(lead);
        struct worker *w = roster_pick(j, &need);
        if (!w)
            continue;
        begin(j, w, lead);
        return true;
    }
    return false;
}

static enum err send_probe(struct jobs *j, struct worker *w, struct request *r,
                           struct probe *p)
{
    struct wire_message *m = &j->message;
    memset(m, 0, sizeof *m);
    m->type = WIRE_PROBE;
    probe_ask(j, &m->probe);
    scoped(fd) int source_fd = -1;
    TRY(store_open(j->store, probe_source(p), &source_fd));
    TRY(request_open_output(r, 0));
    int fds[] = {source_fd, r->output_fd[0]};
    TRY(request_send(j, w, r, m, fds, 2, probe_source(p)));
    w->has_source = true;
    return OK;
}

static bool begin_probe(struct jobs *j, bool is_waited_for)
{
    struct probe *p = probe_next(j, is_waited_for);
    if (!p ||
        !has_room(j, is_waited_for ? URGENCY_NOW : URGENCY_PROBE, LOAD_LIGHT))
        return false;
    // A probe reads the file for the first time: never a worker that met it.
    struct need need = {.source = probe_source(p), .wants_fresh = true};
    struct worker *w = roster_pick(j, &need);
    if (!w)
        return false;
    struct request *r = request_new(j, WIRE_PROBE);
    r->load = LOAD_LIGHT;
    r->probe = p;
    probe_begin(j, p, r);
    enum err result = send_probe(j, w, r, p);
    if (result != OK) {
        char why[256];
        str_copy(why, sizeof why, str_of(fail_text()));
        r->probe = NULL;
        request_free(r);
        // A source that is not there is this machine's fault, not the asset's.
        probe_failed(j, p, result == ERR_NOT_FOUND ? ERR_IO : result, why);
    }
    return true;
}

void requests_dispatch(struct jobs *j)
{
    j->needed = 0;
    while (begin_probe(j, true))
        continue;
    for (enum urgency u = 0; u < URGENCIES; u++) {
        while (u == URGENCY_PROBE && begin_probe(j, false))
            continue;
        while (begin_some(j, u))
            continue;
        while (u == URGENCY_DOWNLOAD && has_room(j, u, true) && finish_begin(j))
            continue;
    }
}
