// SPDX-License-Identifier: MIT
// config_fuzz.c - a settings file of any bytes is taken or refused with reason.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "reeld/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What was taken must come back the same when it is dumped and read again.
static void check_dump(const struct config *c)
{
    scoped(buf) struct buf dump, again;
    buf_init(&dump, 1 << 20);
    buf_init(&again, 1 << 20);
    config_dump(c, &dump);
    assert(buf_end(&dump) == OK);
    scoped(config) struct config *copy = config_new();
    // A value may be too long for a line once its origin stands behind it.
    if (config_read_text(copy, "dump", buf_view(&dump)) != OK)
        return;
    config_dump(copy, &again);
    assert(buf_end(&again) == OK);
    assert(config_settings(c)->workers == config_settings(copy)->workers);
    assert(config_settings(c)->cache_budget_bytes ==
           config_settings(copy)->cache_budget_bytes);
    assert(strcmp(config_settings(c)->preset, config_settings(copy)->preset) ==
           0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(config) struct config *c = config_new();
    struct str text = {(const char *)data, size};
    enum err result = config_read_text(c, "x", text);
    assert(result == OK || result == ERR_BAD_INPUT);
    if (result != OK)
        assert(strlen(fail_text()) > 0);
    else
        check_dump(c);
    if (config_check(c) != OK)
        assert(strlen(fail_text()) > 0);
    // The first line again, as a flag.
    struct str name = str_cut(&text, '=');
    if (config_set_flag(c, str_trim(name), str_trim(text)) != OK)
        assert(strlen(fail_text()) > 0);
    return 0;
}
