// SPDX-License-Identifier: MIT
// asset_test.c - the states of assets and the names of their kinds.
#include "reeld/model/asset.h"

#include "unit.h"

static void assets_move_along_their_table_only(void **state)
{
    (void)state;
    static const bool may[ASSET_STATES][ASSET_STATES] = {
        [ASSET_UPLOADING] = {[ASSET_UPLOADED] = true, [ASSET_REJECTED] = true},
        [ASSET_UPLOADED] = {[ASSET_READY] = true,    [ASSET_REJECTED] = true},
    };
    for (enum asset_state from = 0; from < ASSET_STATES; from++)
        for (enum asset_state to = 0; to < ASSET_STATES; to++)
            assert_int_equal(asset_may_move(from, to), may[from][to]);
}

static void ids_of_every_kind_are_ids(void **state)
{
    (void)state;
    static const char *const prefixes[ASSET_KINDS] = {"m", "a", "img"};
    for (enum asset_kind k = 0; k < ASSET_KINDS; k++) {
        assert_string_equal(asset_kind_prefix(k), prefixes[k]);
        struct id made = id_new(asset_kind_prefix(k)), read;
        assert_int_equal(id_parse(str_of(made.text), &read), OK);
        assert_true(id_has_prefix(&read, prefixes[k]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assets_move_along_their_table_only),
        cmocka_unit_test(ids_of_every_kind_are_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
