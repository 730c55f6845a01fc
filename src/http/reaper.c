// SPDX-License-Identifier: MIT
// reaper.c - ends connections that are too slow or too many.
#include "reeld/http/reaper.h"

#include <linux/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reeld/base/clock.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

enum {
    SWEEP_MS = 250,
    // Between sweeps that a crowd of new connections calls for.
    CROWD_SWEEP_MS = 20,
    ADDRESS_BUCKETS = 1024,
    // Asking a socket how far it got costs a system call.
    LOOKS_A_WINDOW = 8,
};

// How many connections an address has; gone with the last one.
struct reaper_address {
    struct reaper_address *next;
    uint8_t key[8]; // IPv4, or the first 64 bits of IPv6
    sa_family_t family;
    int connections;
};

struct reaper {
    struct reaper_limits limits;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool has_thread;
    // Guarded by `lock`:
    bool is_stopping, is_crowded;
    int connections, cut;
    struct reaper_entry *entries;
    struct reaper_address *addresses[ADDRESS_BUCKETS];
};

struct reaper *reaper_new(const struct reaper_limits *limits)
{
    struct reaper *r = NEW(struct reaper);
    r->limits = *limits;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return r;
}

// ---- addresses -------------------------------------------------------------

static struct reaper_address **find_address(struct reaper *r,
                                            const struct reaper_address *like)
{
    uint32_t hash = like->family;
    for (size_t i = 0; i < sizeof like->key; i++)
        hash = (hash ^ like->key[i]) * 16777619u; // FNV-1a
    struct reaper_address **at = &r->addresses[hash % ADDRESS_BUCKETS];
    while (*at && ((*at)->family != like->family ||
                   memcmp((*at)->key, like->key, sizeof like->key) != 0))
        at = &(*at)->next;
    return at;
}

static struct reaper_address read_address(const struct sockaddr *address)
{
    struct reaper_address a = {.family = address->sa_family};
    if (a.family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        memcpy(a.key, &v4.sin_addr, 4);
    } else if (a.family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(a.key, &v6.sin6_addr, 8);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
            memcpy(a.key, v6.sin6_addr.s6_addr + 12, 4);
    }
    return a;
}

static struct reaper_address *enter_address(struct reaper *r,
                                            const struct sockaddr *address)
{
    struct reaper_address like = read_address(address);
    struct reaper_address **at = find_address(r, &like);
    if (!*at) {
        *at = NEW(struct reaper_address);
        **at = like;
    }
    (*at)->connections++;
    return *at;
}

static void leave_address(struct reaper *r, struct reaper_address *a)
{
    if (--a->connections > 0)
        return;
    struct reaper_address **at = find_address(r, a);
    *at = a->next;
    free(a);
}

// ---- connections -----------------------------------------------------------

// The descriptor is open for as long as the entry is in the list: the notice
// that removes it comes before libmicrohttpd closes it.
static void cut(struct reaper *r, struct reaper_entry *e)
{
    if (e->is_cut)
        return;
    e->is_cut = true;
    r->cut++;
    shutdown(e->fd, SHUT_RDWR);
}

// Shedding starts here, so that an honest newcomer still finds room.
static int most_connections(const struct reaper *r)
{
    return r->limits.connections - r->limits.connections / 10;
}

void reaper_add(struct reaper *r, struct reaper_entry *e, int fd,
                const struct sockaddr *address)
{
    HOLD(&r->lock);
    *e = (struct reaper_entry){.fd = fd};
    e->seen_mark = UINT64_MAX; // seen by no sweep so far
    e->next = r->entries;
    if (e->next)
        e->next->previous = e;
    r->entries = e;
    r->connections++;
    e->address = enter_address(r, address);
    if (r->limits.per_address > 0 &&
        e->address->connections > r->limits.per_address)
        cut(r, e);
    if (r->connections - r->cut > most_connections(r) && !r->is_crowded) {
        r->is_crowded = true;
        pthread_cond_signal(&r->wake);
    }
}

void reaper_remove(struct reaper *r, struct reaper_entry *e)
{
    HOLD(&r->lock);
    if (e->next)
        e->next->previous = e->previous;
    if (e->previous)
        e->previous->next = e->next;
    else
        r->entries = e->next;
    leave_address(r, e->address);
    r->connections--;
    r->cut -= e->is_cut;
}

int64_t reaper_connections(struct reaper *r)
{
    HOLD(&r->lock);
    return r->connections;
}

// ---- sweeping --------------------------------------------------------------

static enum reaper_phase phase_of(const struct reaper_entry *e)
{
    return (enum reaper_phase)(e->seen_mark & 7);
}

// What the rate of this phase is taken of: bytes of the body, or bytes of all
// answers that the other side has acknowledged.
static int64_t bytes_of(struct reaper_entry *e)
{
    if (phase_of(e) != PHASE_REPLY)
        return atomic_load_explicit(&e->body_bytes, memory_order_relaxed);
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(e->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return 0;
    return (int64_t)info.tcpi_bytes_acked;
}

// Slower than the least rate over the window? A new window starts as soon as
// its bytes are there, so that a burst buys one window of silence and not two.
static bool is_slow(const struct reaper *r, struct reaper_entry *e,
                    int64_t window_us, int64_t now_us)
{
    int64_t age_us = now_us - e->since_us;
    if (age_us < window_us / LOOKS_A_WINDOW)
        return false;
    int64_t bytes = bytes_of(e);
    int64_t least =
        scale_floor(window_us, r->limits.least_bytes_per_s, 1000000);
    if (bytes - e->bytes_then < least)
        return age_us >= window_us;
    e->bytes_then = bytes;
    e->since_us = now_us;
    return false;
}

// The client has ended its stream, and libmicrohttpd may not know: it sees no
// further event when the end came along with the last bytes. Asked once a
// phase; an end that comes later is an event of its own.
static bool has_hung_up(struct reaper_entry *e)
{
    char byte;
    bool was_asked = e->is_asked;
    e->is_asked = true;
    return !was_asked && recv(e->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool is_overdue(const struct reaper *r, struct reaper_entry *e,
                       int64_t now_us)
{
    uint64_t mark = atomic_load_explicit(&e->mark, memory_order_relaxed);
    if (mark != e->seen_mark) {
        e->seen_mark = mark;
        e->since_us = now_us;
        e->bytes_then = bytes_of(e);
        e->is_asked = false;
        return false;
    }
    int64_t age_us = now_us - e->since_us;
    switch (phase_of(e)) {
    case PHASE_HEADER:
        return age_us >= r->limits.header_us || has_hung_up(e);
    case PHASE_IDLE:
        return age_us >= r->limits.idle_us || has_hung_up(e);
    case PHASE_LINGER:
        return age_us >= r->limits.linger_us;
    case PHASE_BODY:
        return is_slow(r, e, r->limits.body_window_us, now_us);
    case PHASE_REPLY:
        return is_slow(r, e, r->limits.reply_window_us, now_us);
    case PHASE_BUSY:
        return false;
    }
    return false;
}

// The one that waits longest in `phase`; new ones are at the head of the list.
static struct reaper_entry *oldest(struct reaper *r, enum reaper_phase phase)
{
    struct reaper_entry *found = NULL;
    for (struct reaper_entry *e = r->entries; e; e = e->next)
        if (!e->is_cut && phase_of(e) == phase &&
            (!found || e->since_us <= found->since_us))
            found = e;
    return found;
}

// Too many: those that have asked for nothing yet go first, then the idle.
static void shed(struct reaper *r)
{
    while (r->connections - r->cut > most_connections(r)) {
        struct reaper_entry *e = oldest(r, PHASE_HEADER);
        if (!e)
            e = oldest(r, PHASE_IDLE);
        if (!e)
            return;
        cut(r, e);
    }
}

void reaper_sweep(struct reaper *r, int64_t now_us)
{
    HOLD(&r->lock);
    r->is_crowded = false;
    for (struct reaper_entry *e = r->entries; e; e = e->next)
        if (!e->is_cut && is_overdue(r, e, now_us))
            cut(r, e);
    shed(r);
}

static struct timespec in_ms(int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += (long)ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

// Waits for the next turn. False when it is time to end.
static bool wait_for_turn(struct reaper *r)
{
    HOLD(&r->lock);
    struct timespec soon = in_ms(CROWD_SWEEP_MS);
    struct timespec turn = in_ms(SWEEP_MS);
    int waited = 0;
    while (!r->is_stopping && waited == 0) {
        bool is_crowded = r->is_crowded;
        waited = pthread_cond_timedwait(&r->wake, &r->lock,
                                        is_crowded ? &soon : &turn);
    }
    return !r->is_stopping;
}

static void *run(void *argument)
{
    struct reaper *r = argument;
    while (wait_for_turn(r))
        reaper_sweep(r, clock_now_us());
    return NULL;
}

void reaper_start(struct reaper *r)
{
    r->thread = thread_start("http-reaper", ROLE_HTTP, run, r);
    r->has_thread = true;
}

static void stop(struct reaper *r)
{
    HOLD(&r->lock);
    r->is_stopping = true;
    pthread_cond_signal(&r->wake);
}

void reaper_free(struct reaper *r)
{
    if (!r)
        return;
    stop(r);
    if (r->has_thread)
        pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
