// SPDX-License-Identifier: MIT
// streams.c - stored streams.
#include "reeld/catalog/streams.h"

#include "core.h"
#include "reeld/base/mem.h"

void stream_done(struct stream *s)
{
    free(s->clips);
    s->clips = NULL;
}

static void read_listed(struct query *q, struct stream *ret)
{
    *ret = (struct stream){0};
    query_get_text(q, ret->id.text, sizeof(ret->id.text));
    query_get_text(q, ret->name, sizeof(ret->name));
    ret->created_us = query_get_int(q);
    ret->duration_us = query_get_int(q);
    ret->clip_count = (uint32_t)query_get_int(q);
    ret->has_pictures = query_get_int(q) != 0;
}

void stream_read(struct query *q, struct stream *ret)
{
    read_listed(q, ret);
    ret->clips = query_get_heap(q);
}

enum err catalog_stream(struct catalog *c, const struct id *id,
                        struct stream *ret)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_STREAM_GET);
    query_text(&q, ":id", id->text);
    TRY(query_one(&q));
    stream_read(&q, ret);
    return OK;
}

enum err catalog_list_streams(struct catalog *c, struct str after,
                              uint32_t limit, struct stream *ret,
                              uint32_t *ret_count, bool *ret_more)
{
    scoped(reading) struct reading r = {0};
    TRY(reading_begin(c, &r));
    scoped(query) struct query q;
    query_init(&q, r.db, SQL_STREAM_LIST);
    query_str(&q, ":after", after.len > 0 ? after : (struct str){NULL, 0});
    query_int(&q, ":limit", (int64_t)limit + 1);
    uint32_t count = 0;
    bool has_row;
    for (;;) {
        TRY(query_step(&q, &has_row));
        if (!has_row || count == limit)
            break;
        read_listed(&q, &ret[count++]);
    }
    *ret_count = count;
    *ret_more = has_row;
    return OK;
}

enum err catalog_put_stream(struct catalog *c, struct stream *s)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_STREAM_PUT);
    query_text(&q, ":id", s->id.text);
    query_text(&q, ":name", s->name);
    query_int(&q, ":created_us", s->created_us);
    query_int(&q, ":duration_us", s->duration_us);
    query_int(&q, ":clip_count", s->clip_count);
    query_int(&q, ":has_pictures", s->has_pictures);
    query_text(&q, ":clips", s->clips);
    TRY(query_one(&q));
    s->created_us = query_get_int(&q);
    return change_commit(&w);
}

enum err catalog_remove_stream(struct catalog *c, const struct id *id)
{
    scoped(change) struct change w = {0};
    TRY(change_begin(c, DB_DURABLE, &w));
    scoped(query) struct query q;
    query_init(&q, w.db, SQL_STREAM_REMOVE);
    query_text(&q, ":id", id->text);
    TRY(query_one(&q));
    return change_commit(&w);
}
