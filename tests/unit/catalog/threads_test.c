// SPDX-License-Identifier: MIT
// threads_test.c - what a change acknowledged is what everybody reads.
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog_sample.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "reeld/catalog.h"
#include "unit.h"

enum { READERS = 4, CHANGES = 200 };

struct race {
    struct sample sample;
    struct id id;
    struct piece_fact piece[CHANGES];
    atomic_int done;      // changes that have returned
    atomic_int too_old;   // reads of less than was done before they began
    atomic_int unnoticed; // changes that left the generation as it was
    atomic_int failed;
};

static int number_of(const struct asset *a)
{
    return atoi(a->name);
}

static void read_once(struct race *r)
{
    int before = atomic_load(&r->done);
    scoped(asset) const struct asset *a = NULL;
    scoped(source_rates) struct source_rates rates = {0};
    if (catalog_asset(r->sample.catalog, &r->id, &a) != OK ||
        catalog_rates(r->sample.catalog, a->source_row, 4000000, &rates) !=
            OK) {
        atomic_fetch_add(&r->failed, 1);
        return;
    }
    struct piece_rates own =
        source_rates_find(&rates, a->recipe_row[1], PIECE_SEGMENT);
    if (number_of(a) < before || (int)own.pieces < before)
        atomic_fetch_add(&r->too_old, 1);
}

static void *read_on(void *argument)
{
    struct race *r = argument;
    while (atomic_load(&r->done) < CHANGES)
        read_once(r);
    return NULL;
}

static void change_on(struct race *r)
{
    for (int i = 1; i <= CHANGES; i++) {
        uint64_t before = catalog_generation(r->sample.catalog, &r->id);
        char name[16];
        snprintf(name, sizeof(name), "%d", i);
        struct catalog_asset_change ch = {.name = name};
        assert_int_equal(catalog_change_asset(r->sample.catalog, &r->id, &ch),
                         OK);
        assert_int_equal(
            catalog_add_pieces(r->sample.catalog, &r->piece[i - 1], 1), OK);
        if (catalog_generation(r->sample.catalog, &r->id) <= before)
            atomic_fetch_add(&r->unnoticed, 1);
        atomic_store(&r->done, i);
    }
}

static void nobody_reads_less_than_was_acknowledged(void **state)
{
    (void)state;
    struct race *r = NEW(struct race);
    sample_open(&r->sample);
    sample_add_ready(r->sample.catalog, 1, &r->id);
    scoped(asset) const struct asset *a = NULL;
    assert_int_equal(catalog_asset(r->sample.catalog, &r->id, &a), OK);
    for (uint32_t i = 0; i < CHANGES; i++) {
        r->piece[i] = sample_piece(a, 1, 0);
        r->piece[i].number = i;
        r->piece[i].key = hash_of(&i, sizeof(i));
    }
    pthread_t reader[READERS];
    for (int i = 0; i < READERS; i++)
        reader[i] = thread_start("reader", ROLE_HTTP, read_on, r);
    change_on(r);
    for (int i = 0; i < READERS; i++)
        pthread_join(reader[i], NULL);
    assert_int_equal(atomic_load(&r->failed), 0);
    assert_int_equal(atomic_load(&r->too_old), 0);
    assert_int_equal(atomic_load(&r->unnoticed), 0);
    sample_close(&r->sample);
    free(r);
}

struct adders {
    struct catalog *catalog;
    atomic_int failed;
};

static void *add_some(void *argument)
{
    struct adders *a = argument;
    for (int i = 0; i < 25; i++) {
        struct api_key key = {.id = id_new("k"), .scopes = SCOPE_READ};
        if (catalog_add_key(a->catalog, &key) != OK)
            atomic_fetch_add(&a->failed, 1);
    }
    return NULL;
}

static void writers_take_turns(void **state)
{
    (void)state;
    struct sample s;
    sample_open(&s);
    struct adders a = {.catalog = s.catalog};
    pthread_t adder[4];
    for (int i = 0; i < 4; i++)
        adder[i] = thread_start("adder", ROLE_POOL, add_some, &a);
    for (int i = 0; i < 4; i++)
        pthread_join(adder[i], NULL);
    assert_int_equal(atomic_load(&a.failed), 0);
    scoped(mem) struct api_key *keys = NULL;
    size_t count;
    assert_int_equal(catalog_list_keys(s.catalog, &keys, &count), OK);
    assert_int_equal(count, 100);
    sample_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_reads_less_than_was_acknowledged),
        cmocka_unit_test(writers_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
