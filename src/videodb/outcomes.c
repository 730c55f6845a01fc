// SPDX-License-Identifier: MIT
// outcomes.c - a ring of the last ends of work.
#include "outcomes.h"

#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

enum { OUTCOMES_KEPT = 1024 };

struct outcomes {
    pthread_mutex_t lock;
    // Guarded by lock:
    size_t next; // to be overwritten
    struct outcome kept[OUTCOMES_KEPT];
};

struct outcomes *outcomes_new(void)
{
    struct outcomes *o = NEW(struct outcomes);
    pthread_mutex_init(&o->lock, NULL);
    return o;
}

void outcomes_free(struct outcomes *o)
{
    if (!o)
        return;
    pthread_mutex_destroy(&o->lock);
    free(o);
}

static struct outcome *find(struct outcomes *o, const struct id *asked)
{
    for (size_t i = 0; i < OUTCOMES_KEPT; i++)
        if (o->kept[i].asked.text[0] && id_eq(&o->kept[i].asked, asked))
            return &o->kept[i];
    return NULL;
}

bool outcomes_find(struct outcomes *o, const struct id *asked,
                   struct outcome *ret)
{
    HOLD(&o->lock);
    const struct outcome *found = find(o, asked);
    if (!found)
        return false;
    *ret = *found;
    return true;
}

void outcomes_expect(struct outcomes *o, const struct id *asked)
{
    HOLD(&o->lock);
    if (find(o, asked))
        return;
    o->kept[o->next] = (struct outcome){.asked = *asked};
    o->next = (o->next + 1) % OUTCOMES_KEPT;
}

// False: it was not in `from`.
static bool move(struct outcomes *o, const struct id *asked,
                 enum outcome_stage from, enum outcome_stage to)
{
    HOLD(&o->lock);
    struct outcome *found = find(o, asked);
    if (!found || found->stage != from)
        return false;
    found->stage = to;
    return true;
}

bool outcomes_begin(struct outcomes *o, const struct id *asked)
{
    return move(o, asked, OUTCOME_EXPECTED, OUTCOME_SETTLING);
}

void outcomes_give_back(struct outcomes *o, const struct id *asked)
{
    move(o, asked, OUTCOME_SETTLING, OUTCOME_EXPECTED);
}

void outcomes_settle(struct outcomes *o, const struct outcome *end)
{
    HOLD(&o->lock);
    struct outcome *found = find(o, &end->asked);
    if (!found)
        return; // pushed out by newer ones
    *found = *end;
    found->stage = OUTCOME_SETTLED;
}
