// SPDX-License-Identifier: MIT
// connections.c - the writer behind its lock, and readers for everybody.
#include <assert.h>

#include "core.h"
#include "reeld/base/hash.h"
#include "reeld/base/thread.h"

// The database was fine when the catalog was opened: what looks damaged now is
// the machine's fault, and no client's.
static enum err open_another(struct catalog *c, enum db_use use,
                             struct db **ret)
{
    enum err e = db_open(c->open_db, c->open_context, c->path, use, ret);
    return e == ERR_BAD_INPUT ? fail(ERR_IO, "%s", fail_text()) : e;
}

static enum err ensure_writer(struct catalog *c)
{
    return c->writer ? OK : open_another(c, DB_WRITER, &c->writer);
}

static void drop_broken_writer(struct catalog *c)
{
    if (c->writer && c->writer->is_broken)
        db_free(take(c->writer));
}

enum err change_begin(struct catalog *c, enum db_mode mode, struct change *ret)
{
    assert_role(ROLE_MAIN | ROLE_CREW | ROLE_POOL);
    assert(c->lock_fd >= 0); // else there may be another writer
    pthread_mutex_lock(&c->write_lock);
    enum err e = ensure_writer(c);
    if (e == OK)
        e = db_begin(c->writer, mode);
    if (e != OK) {
        drop_broken_writer(c);
        pthread_mutex_unlock(&c->write_lock);
        return e;
    }
    *ret = (struct change){.catalog = c, .db = c->writer, .is_open = true};
    return OK;
}

void change_done(struct change *w)
{
    if (!w->catalog)
        return;
    if (w->is_open && w->db)
        db_rollback(w->db);
    db_free(w->doomed);
    drop_broken_writer(w->catalog);
    pthread_mutex_unlock(&w->catalog->write_lock);
    w->catalog = NULL;
}

static enum err take_turn(struct db *db, int64_t turn)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_LEDGER_TAKE_TURN);
    query_int(&q, ":turn", turn);
    return query_run(&q);
}

static enum err read_turn(struct db *db, int64_t *ret)
{
    scoped(query) struct query q;
    query_init(&q, db, SQL_LEDGER_TURN);
    TRY(query_one(&q));
    *ret = query_get_int(&q);
    return OK;
}

// A commit whose sync failed may be in the file or not. A new connection looks,
// after it has put on the disk what it sees.
static enum err look_again(struct catalog *c, int64_t turn)
{
    TRY(ensure_writer(c));
    TRY(c->writer->ops->settle(c->writer->self));
    int64_t found;
    TRY(read_turn(c->writer, &found));
    if (found != turn)
        return fail(ERR_IO, "the disk failed while a change was written");
    return OK;
}

enum err change_commit(struct change *w)
{
    int64_t turn;
    random_bytes(&turn, sizeof(turn));
    TRY(take_turn(w->db, turn));
    enum err e = db_commit(w->db);
    if (e != OK)
        db_rollback(w->db);
    w->is_open = false;
    if (e != ERR_IO)
        return e;
    w->db = NULL;
    w->doomed = take(w->catalog->writer);
    return look_again(w->catalog, turn);
}

static struct db *idle_reader(struct catalog *c)
{
    HOLD(&c->readers_lock);
    return c->reader_count > 0 ? c->readers[--c->reader_count] : NULL;
}

enum err reading_begin(struct catalog *c, struct reading *ret)
{
    struct db *db = idle_reader(c);
    if (!db)
        TRY(open_another(c, DB_READER, &db));
    *ret = (struct reading){.catalog = c, .db = db};
    return OK;
}

void reading_done(struct reading *r)
{
    struct catalog *c = r->catalog;
    if (!c)
        return;
    r->catalog = NULL;
    if (!r->db->is_broken) {
        HOLD(&c->readers_lock);
        if (c->reader_count < READERS_KEPT) {
            c->readers[c->reader_count++] = r->db;
            return;
        }
    }
    db_free(r->db);
}
