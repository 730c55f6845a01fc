// SPDX-License-Identifier: MIT
// input_vop.c - MPEG-4 Part 2 out of AVI: one picture a packet, with its time.
#include "input_vop.h"

#include <assert.h>
#include <string.h>

#include <libavcodec/bsf.h>

#include "reeld/base/mem.h"

enum {
    WAITING_MAX = 32, // more B-frames in a row are not waited for
    EMPTY_BYTES_MAX = 19,
};

enum vop_type { VOP_I, VOP_P, VOP_B, VOP_S, VOP_NONE };

struct input_vops {
    AVBSFContext *unpack;
    AVPacket *waiting[WAITING_MAX]; // in decoding order
    int count;
    bool is_ended;
};

// vop_coding_type, ISO/IEC 14496-2 clause 6.2.5. An empty picture looks like a
// P-frame without content; a B-frame may be as small and is one.
static enum vop_type type_of(const uint8_t *bytes, size_t len)
{
    static const uint8_t start[] = {0, 0, 1, 0xb6};
    const uint8_t *vop =
        len > sizeof start ? memmem(bytes, len - 1, start, sizeof start) : NULL;
    enum vop_type type = vop ? vop[sizeof start] >> 6 : VOP_NONE;
    return type != VOP_B && len <= EMPTY_BYTES_MAX ? VOP_NONE : type;
}

bool input_vop_is_intra(const uint8_t *bytes, size_t len)
{
    return type_of(bytes, len) == VOP_I;
}

struct input_vops *input_vops_new(const AVCodecParameters *codec)
{
    struct input_vops *v = NEW(struct input_vops);
    const AVBitStreamFilter *f = av_bsf_get_by_name("mpeg4_unpack_bframes");
    if (!f || av_bsf_alloc(f, &v->unpack) < 0 ||
        avcodec_parameters_copy(v->unpack->par_in, codec) < 0 ||
        av_bsf_init(v->unpack) < 0) {
        input_vops_free(v);
        return NULL;
    }
    return v;
}

void input_vops_free(struct input_vops *v)
{
    if (!v)
        return;
    for (int i = 0; i < v->count; i++)
        av_packet_free(&v->waiting[i]);
    av_bsf_free(&v->unpack);
    free(v);
}

void input_vops_put(struct input_vops *v, AVPacket *packet)
{
    if (!packet) {
        v->is_ended = true;
        return;
    }
    assert(v->count < WAITING_MAX); // as all that could be was taken
    AVPacket *one = av_packet_alloc();
    if (!one || av_bsf_send_packet(v->unpack, packet) < 0 ||
        av_bsf_receive_packet(v->unpack, one) < 0) {
        av_packet_unref(packet); // broken: it shows nothing
        av_packet_free(&one);
        return;
    }
    v->waiting[v->count++] = one;
}

static enum vop_type type_at(const struct input_vops *v, int i)
{
    return type_of(v->waiting[i]->data, (size_t)v->waiting[i]->size);
}

// False: whether B-frames follow is not known yet.
static bool give_time(struct input_vops *v)
{
    AVPacket *first = v->waiting[0];
    enum vop_type type = type_at(v, 0);
    first->pts = first->dts;
    if (type == VOP_NONE)
        first->flags |= AV_PKT_FLAG_DISCARD;
    if (type == VOP_B)
        first->pts = first->dts - 1;
    if (type == VOP_NONE || type == VOP_B)
        return true;
    for (int i = 1; i < v->count; i++) {
        type = type_at(v, i);
        if (type == VOP_B)
            first->pts = v->waiting[i]->dts;
        else if (type != VOP_NONE)
            return true;
    }
    return v->is_ended || v->count == WAITING_MAX;
}

bool input_vops_take(struct input_vops *v, AVPacket *ret)
{
    if (v->count == 0 || !give_time(v))
        return false;
    av_packet_unref(ret);
    av_packet_move_ref(ret, v->waiting[0]);
    av_packet_free(&v->waiting[0]);
    v->count--;
    for (int i = 0; i < v->count; i++)
        v->waiting[i] = v->waiting[i + 1];
    return true;
}
