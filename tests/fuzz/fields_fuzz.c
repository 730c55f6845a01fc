// SPDX-License-Identifier: MIT
// fields_fuzz.c - JSON bodies: parsed, read field by field, merged, written.
#include <assert.h>
#include <stdlib.h>

#include "reeld/api/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *context, struct str text)
{
    size_t *bytes = context;
    *bytes += text.len;
}

// A patch laid over an object twice is the same as once.
static void merge_twice(struct fields *f)
{
    json_t *target =
        json_pack("{s:s,s:{s:i}}", "name", "x", "metadata", "a", 1);
    char *once = NULL, *twice = NULL;
    object_merge(target, f->root);
    if (object_text(target, 1 << 20, &once) == OK) {
        object_merge(target, f->root);
        if (object_text(target, 1 << 20, &twice) == OK)
            assert(str_eq(str_of(once), str_of(twice)));
    }
    free(once);
    free(twice);
    json_decref(target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fields f;
    if (fields_parse((struct str){(const char *)data, size}, &f) == OK) {
        struct str text = {0};
        int64_t number = 0;
        const json_t *object = NULL;
        size_t bytes = 0;
        if (fields_text(&f, "name", TEXT_LINE, 200, &text))
            assert(text.len <= 200 && str_is_printable(text));
        if (fields_int(&f, "expires_in", 1, 100, &number))
            assert(number >= 1 && number <= 100);
        (void)fields_object(&f, "metadata", &object);
        (void)fields_texts(&f, "scopes", 3, count, &bytes);
        if (fields_end(&f) != OK)
            assert(f.faults.count > 0);
        merge_twice(&f);
    }
    fields_done(&f);
    return 0;
}
