// SPDX-License-Identifier: MIT
// reaper.h - ends connections that are too slow or too many.
//
// libmicrohttpd's own timeout is for silence alone: a byte a second keeps a
// connection alive for ever (threat-model F13). The reaper looks at each
// connection every 250 ms and shuts the slow ones down; libmicrohttpd then
// sees the end of the stream and cleans up.
//
// Threads: reaper_add() and reaper_remove() any; reaper_mark() and
// reaper_count() one at a time an entry.
#pragma once

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum reaper_phase {
    PHASE_HEADER, // of a request, from its first line on; a new connection too
    PHASE_IDLE,   // between two requests
    PHASE_BODY,   // a request's body comes in
    PHASE_BUSY,   // we work or wait: never the client's fault
    PHASE_REPLY,  // an answer goes out
    PHASE_LINGER, // answered early; what the client still sends is dropped
};

struct reaper_limits {
    int connections;
    int per_address; // 0: any number; IPv6 counts by /64
    int64_t header_us, idle_us, linger_us;
    int64_t least_bytes_per_s;
    int64_t body_window_us, reply_window_us; // the rate is taken over these
};

struct reaper_address;

// One connection. `mark` changes with each phase and each request; the reaper
// notes itself when it first saw a mark, so that the hot path reads no clock.
struct reaper_entry {
    int fd;
    _Atomic uint64_t mark;
    _Atomic int64_t body_bytes;
    // Guarded by the reaper's lock:
    struct reaper_entry *next, *previous;
    struct reaper_address *address;
    uint64_t seen_mark;
    int64_t since_us;
    int64_t bytes_then;
    bool is_cut;
    bool is_asked; // whether it hung up, in this phase
};

struct reaper;
struct reaper *reaper_new(const struct reaper_limits *limits);
void reaper_start(struct reaper *r); // its thread
void reaper_free(struct reaper *r);  // joins it

// A connection began. Past the limit of its address it is shut down at once.
void reaper_add(struct reaper *r, struct reaper_entry *e, int fd,
                const struct sockaddr *address);
void reaper_remove(struct reaper *r, struct reaper_entry *e);
int64_t reaper_connections(struct reaper *r);

static inline void reaper_mark(struct reaper_entry *e, enum reaper_phase phase)
{
    uint64_t mark = atomic_load_explicit(&e->mark, memory_order_relaxed);
    mark = ((mark | 7) + 1) | (uint64_t)phase;
    atomic_store_explicit(&e->mark, mark, memory_order_relaxed);
}

// Bytes of a request body arrived.
static inline void reaper_count(struct reaper_entry *e, int64_t bytes)
{
    int64_t sum = atomic_load_explicit(&e->body_bytes, memory_order_relaxed);
    atomic_store_explicit(&e->body_bytes, sum + bytes, memory_order_relaxed);
}

// One look at all connections; what the thread does every 250 ms.
void reaper_sweep(struct reaper *r, int64_t now_us);
