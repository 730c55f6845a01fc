// SPDX-License-Identifier: MIT
// tus_forms.c - the headers of tus 1.0 as values.
#include "reeld/api/tus.h"

#include <string.h>

#include "reeld/base/mem.h"

enum { METADATA_PAIRS_MAX = 64 };

static bool is_key(struct str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] <= ' ' || key.ptr[i] >= 0x7f)
            return false;
    return key.len > 0;
}

static enum err read_pair(struct str pair, struct str *ret_key,
                          char **ret_value, size_t *ret_len)
{
    struct str coded = str_trim(pair);
    *ret_key = str_cut(&coded, ' ');
    if (!is_key(*ret_key))
        return fail(ERR_BAD_INPUT, "a key of it is empty or not ASCII");
    coded = str_trim(coded.ptr ? coded : STR(""));
    scoped(mem) char *value = mem_new(coded.len + 1, 1);
    size_t len = 0;
    if (coded.len > 0 && base64_decode(coded, value, coded.len, &len) != OK)
        return fail(ERR_BAD_INPUT, "the value of \"%.*s\" is not base64",
                    STR_ARG(*ret_key));
    *ret_value = take(value);
    *ret_len = len;
    return OK;
}

enum err tus_metadata_parse(struct str header,
                            enum err (*each)(void *context, struct str key,
                                             struct str value),
                            void *context)
{
    struct str seen[METADATA_PAIRS_MAX];
    size_t count = 0;
    struct str rest = str_trim(header);
    while (rest.len > 0) {
        scoped(mem) char *value = NULL;
        size_t len = 0;
        struct str key;
        if (count == METADATA_PAIRS_MAX)
            return fail(ERR_BAD_INPUT, "it has more than %d keys",
                        METADATA_PAIRS_MAX);
        TRY(read_pair(str_cut(&rest, ','), &key, &value, &len));
        for (size_t i = 0; i < count; i++)
            if (str_eq(seen[i], key))
                return fail(ERR_BAD_INPUT, "\"%.*s\" is given twice",
                            STR_ARG(key));
        seen[count++] = key;
        if (rest.ptr && rest.len == 0)
            return fail(ERR_BAD_INPUT, "it ends with a comma");
        TRY(each(context, key, (struct str){value, len}));
    }
    return OK;
}

static const struct {
    const char *name;
    size_t bytes;
} sums[] = {
    [TUS_SHA1] = {"sha1",   HASH_SHA1_BYTES},
    [TUS_SHA256] = {"sha256", HASH_BYTES     },
};

enum err tus_checksum_parse(struct str header, struct tus_checksum *ret)
{
    struct str coded = str_trim(header);
    struct str name = str_cut(&coded, ' ');
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        if (!str_eq(name, str_of(sums[i].name)))
            continue;
        struct tus_checksum sum = {.kind = (enum tus_sum)i};
        size_t len = 0;
        if (base64_decode(str_trim(coded), sum.digest.bytes,
                          sizeof(sum.digest.bytes), &len) != OK ||
            len != sums[i].bytes)
            return fail(ERR_BAD_INPUT, "%s is %zu bytes in base64",
                        sums[i].name, sums[i].bytes);
        *ret = sum;
        return OK;
    }
    return fail(ERR_UNSUPPORTED, "the algorithm is sha1 or sha256");
}

// The id in the URL of an upload, whole or from its path on.
static enum err read_part(struct str url, struct id *ret)
{
    static const char path[] = "/v1/uploads/";
    if (url.len < sizeof(path) - 1 + ID_BODY_LEN)
        return fail(ERR_BAD_INPUT, "a part is not the URL of an upload");
    struct str id = url;
    while (id.len > 0 && memchr(id.ptr, '/', id.len))
        (void)str_cut(&id, '/');
    struct str before = {url.ptr, url.len - id.len};
    bool is_whole =
        str_starts(url, STR("http://")) || str_starts(url, STR("https://"));
    bool is_ours = is_whole ? str_ends(before, str_of(path))
                            : str_eq(before, str_of(path));
    if (!is_ours || id_parse(id, ret) != OK || !id_has_prefix(ret, "u"))
        return fail(ERR_BAD_INPUT, "a part is not the URL of an upload");
    return OK;
}

enum err tus_concat_parse(struct str header, struct tus_concat *ret)
{
    struct str rest = str_trim(header);
    *ret = (struct tus_concat){.kind = UPLOAD_PART};
    if (str_eq(rest, STR("partial")))
        return OK;
    if (!str_starts(rest, STR("final;")))
        return fail(ERR_BAD_INPUT, "it is \"partial\" or \"final;URL URL...\"");
    ret->kind = UPLOAD_FINAL;
    rest = str_skip(rest, 6);
    while (rest.ptr) {
        struct str url = str_trim(str_cut(&rest, ' '));
        if (url.len == 0)
            continue;
        if (ret->parts == TUS_PARTS_MAX)
            return fail(ERR_BAD_INPUT, "it has more than %d parts",
                        TUS_PARTS_MAX);
        TRY(read_part(url, &ret->part[ret->parts]));
        ret->parts++;
    }
    if (ret->parts == 0)
        return fail(ERR_BAD_INPUT, "it names no parts");
    return OK;
}
