// SPDX-License-Identifier: MIT
// queue.c - what waits to be made, a list for each urgency.
#include <utlist.h>

#include "crew.h"

void queue_put(struct jobs *j, struct flight *f, bool at_front)
{
    f->state = FLIGHT_QUEUED;
    if (at_front)
        DL_PREPEND(j->queue[f->urgency], f);
    else
        DL_APPEND(j->queue[f->urgency], f);
    j->queued[f->urgency]++;
}

void queue_remove(struct jobs *j, struct flight *f)
{
    DL_DELETE(j->queue[f->urgency], f);
    j->queued[f->urgency]--;
}
