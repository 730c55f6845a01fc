// SPDX-License-Identifier: MIT
// dash_mpd.c - the media presentation description, through libxml2's writer.
#include "reeld/package/dash.h"

#include <inttypes.h>
#include <libxml/xmlwriter.h>
#include <stdio.h>

#include "label.h"
#include "reeld/base/number.h"
#include "reeld/base/scoped.h"

enum {
    MICROSECONDS = 1000000,
    VIDEO_SET = 1, // AdaptationSet@id; those of sound follow
    TEXT_BYTES = 64,
};

// ISO/IEC 23009-1 section 8: the profiles that are true of what reeld makes.
#define PROFILES                                                               \
    "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"

struct mpd {
    xmlTextWriterPtr writer;
    bool failed; // libxml2 fails when memory is out, and only then
};

DEFINE_SCOPED(writer, xmlTextWriterPtr, xmlFreeTextWriter)

static const xmlChar *xml(const char *text)
{
    return (const xmlChar *)text;
}

static void begin(struct mpd *m, const char *element)
{
    m->failed |= xmlTextWriterStartElement(m->writer, xml(element)) < 0;
}

static void end(struct mpd *m)
{
    m->failed |= xmlTextWriterEndElement(m->writer) < 0;
}

static void attribute(struct mpd *m, const char *name, const char *value)
{
    m->failed |=
        xmlTextWriterWriteAttribute(m->writer, xml(name), xml(value)) < 0;
}

// Not negative.
static void number(struct mpd *m, const char *name, int64_t value)
{
    char text[NUMBER_DIGITS_MAX + 1];
    char *stop = text + NUMBER_DIGITS_MAX;
    *stop = '\0';
    attribute(m, name, number_put(stop, (uint64_t)value, 1));
}

// xs:duration in seconds, no more digits than it takes (DASH-24).
static void duration(struct mpd *m, const char *name, int64_t us)
{
    char text[TEXT_BYTES];
    int len = snprintf(text, sizeof text, "PT%" PRId64 ".%06" PRId64,
                       us / MICROSECONDS, us % MICROSECONDS);
    while (text[len - 1] == '0')
        len--;
    if (text[len - 1] == '.')
        len--;
    snprintf(text + len, sizeof text - (size_t)len, "S");
    attribute(m, name, text);
}

static void descriptor(struct mpd *m, const char *element, const char *scheme,
                       const char *value)
{
    begin(m, element);
    attribute(m, "schemeIdUri", scheme);
    attribute(m, "value", value);
    end(m);
}

static void role(struct mpd *m, bool is_main)
{
    descriptor(m, "Role", "urn:mpeg:dash:role:2011",
               is_main ? "main" : "alternate");
}

// Runs of equal durations share one S (DASH-08, DASH-09). The list is numbers
// alone and half of the text, so it is handed to the writer ready-made: that
// halves the time that a manifest takes.
static void timeline(struct mpd *m, const struct stretch *s)
{
    begin(m, "SegmentTimeline");
    scoped(buf) struct buf list;
    buf_init(&list, (size_t)s->segments * TEXT_BYTES + TEXT_BYTES);
    for (uint32_t k = 0; k < s->segments;) {
        int64_t ticks = s->border[k + 1] - s->border[k];
        uint32_t next = k + 1;
        while (next < s->segments &&
               s->border[next + 1] - s->border[next] == ticks)
            next++;
        buf_text(&list, "\n     <S");
        if (k == 0)
            buf_printf(&list, " t=\"%" PRId64 "\"", s->border[0]);
        buf_printf(&list, " d=\"%" PRId64 "\"", ticks);
        if (next > k + 1)
            buf_printf(&list, " r=\"%" PRIu32 "\"", next - k - 1);
        buf_text(&list, "/>");
        k = next;
    }
    buf_text(&list, "\n    ");
    m->failed |=
        list.is_over || xmlTextWriterWriteRaw(m->writer, list.bytes) < 0;
    end(m);
}

static void segments(struct mpd *m, const char *init, const struct stretch *s)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof text, "$RepresentationID$/%s", init);
    begin(m, "SegmentTemplate");
    number(m, "timescale", s->timescale);
    if (s->zero > 0)
        number(m, "presentationTimeOffset", s->zero);
    attribute(m, "initialization", text);
    attribute(m, "media", "$RepresentationID$/$Number$.m4s");
    number(m, "startNumber", s->first_number);
    timeline(m, s);
    end(m);
}

static void representation(struct mpd *m, const struct package_rendition *r)
{
    begin(m, "Representation");
    attribute(m, "id", r->name);
    number(m, "bandwidth", r->rates.peak_bps);
    attribute(m, "codecs", r->codecs);
}

static void video_representation(struct mpd *m,
                                 const struct package_rendition *r)
{
    representation(m, r);
    number(m, "width", r->coded_width);
    number(m, "height", r->coded_height);
    char text[TEXT_BYTES];
    if (r->frame_rate.num > 0) {
        int len = snprintf(text, sizeof text, "%" PRId64, r->frame_rate.num);
        if (r->frame_rate.den != 1)
            snprintf(text + len, sizeof text - (size_t)len, "/%" PRId64,
                     r->frame_rate.den);
        attribute(m, "frameRate", text);
    }
    snprintf(text, sizeof text, "%" PRId64 ":%" PRId64, r->sample_aspect.num,
             r->sample_aspect.den);
    attribute(m, "sar", text);
    end(m);
}

// Part 3 of MPEG-D's channel configurations: up to six they count channels.
static void audio_representation(struct mpd *m,
                                 const struct package_rendition *r)
{
    representation(m, r);
    number(m, "audioSamplingRate", r->sample_rate);
    char channels[TEXT_BYTES];
    snprintf(channels, sizeof channels, "%d",
             (int)(r->channels == 8 ? 7 : r->channels));
    descriptor(m, "AudioChannelConfiguration",
               "urn:mpeg:dash:23003:3:audio_channel_configuration:2011",
               channels);
    end(m);
}

// DASH-14. Sets have the same ids in all Periods.
static void follow(struct mpd *m, const struct dash_period *period)
{
    static const char *const scheme[] = {
        [DASH_CONNECTED] = "urn:mpeg:dash:period-connectivity:2015",
        [DASH_CONTINUOUS] = "urn:mpeg:dash:period-continuity:2015",
    };
    if (period->follows == DASH_ALONE)
        return;
    char former[TEXT_BYTES];
    snprintf(former, sizeof former, "%u", period[-1].id);
    descriptor(m, "SupplementalProperty", scheme[period->follows], former);
}

static void set(struct mpd *m, uint32_t id, const char *type, const char *mime)
{
    begin(m, "AdaptationSet");
    number(m, "id", id);
    attribute(m, "contentType", type);
    attribute(m, "mimeType", mime);
    attribute(m, "segmentAlignment", "true");
    attribute(m, "startWithSAP", "1");
}

static void video_set(struct mpd *m, const struct dash_period *period)
{
    const struct presentation *p = period->presentation;
    set(m, VIDEO_SET, "video", "video/mp4");
    follow(m, period);
    role(m, true);
    segments(m, period->init, period->video);
    for (uint32_t i = 0; i < p->videos; i++)
        video_representation(m, &p->video[i]);
    end(m);
}

static void audio_set(struct mpd *m, const struct dash_period *period,
                      uint32_t i, const struct label *label)
{
    const struct package_audio *audio = &period->presentation->audio[i];
    set(m, VIDEO_SET + 1 + i, "audio", "audio/mp4");
    attribute(m, "lang", label->language);
    follow(m, period);
    begin(m, "Label");
    m->failed |= xmlTextWriterWriteString(m->writer, xml(label->name)) < 0;
    end(m);
    role(m, i == 0);
    segments(m, period->init, &period->audio[i]);
    for (uint32_t k = 0; k < audio->renditions; k++)
        audio_representation(m, &audio->rendition[k]);
    end(m);
}

// A bound: no sheet takes two bits a pixel.
static int64_t sheet_bps(const struct dash_tiles *t)
{
    int64_t bits = (int64_t)2 * t->width * t->height;
    return max_i64(1, scale_ceil(bits, t->timescale, t->sheet_ticks));
}

// DASH-16; behind the sets of sound, so that their ids stay.
static void tile_set(struct mpd *m, const struct dash_period *period)
{
    const struct dash_tiles *t = period->tiles;
    char grid[TEXT_BYTES];
    snprintf(grid, sizeof grid, "%dx%d", (int)t->columns, (int)t->rows);
    begin(m, "AdaptationSet");
    number(m, "id", VIDEO_SET + 1 + period->presentation->audios);
    attribute(m, "contentType", "image");
    attribute(m, "mimeType", "image/jpeg");
    begin(m, "SegmentTemplate");
    number(m, "timescale", t->timescale);
    number(m, "duration", t->sheet_ticks);
    number(m, "startNumber", 0);
    attribute(m, "media", "storyboard-$Number$.jpg");
    end(m);
    begin(m, "Representation");
    attribute(m, "id", "storyboard");
    number(m, "bandwidth", sheet_bps(t));
    number(m, "width", t->width);
    number(m, "height", t->height);
    descriptor(m, "EssentialProperty",
               "http://dashif.org/guidelines/thumbnail_tile", grid);
    end(m);
    end(m);
}

static int64_t longest_us(const struct dash_period *period)
{
    const struct presentation *p = period->presentation;
    int64_t us = 0;
    if (p->videos > 0)
        us = scale_ceil(stretch_longest(period->video), MICROSECONDS,
                        period->video->timescale);
    for (uint32_t i = 0; i < p->audios; i++)
        us = max_i64(us, scale_ceil(stretch_longest(&period->audio[i]),
                                    MICROSECONDS, period->audio[i].timescale));
    return us;
}

static void period_element(struct mpd *m, const struct dash_period *period,
                           int64_t start_us)
{
    const struct presentation *p = period->presentation;
    struct label label[TRACKS_MAX];
    label_audios(p, label);
    char id[TEXT_BYTES];
    snprintf(id, sizeof id, "%u", period->id);
    begin(m, "Period");
    attribute(m, "id", id);
    duration(m, "start", start_us);
    duration(m, "duration", period->duration_us);
    if (p->videos > 0)
        video_set(m, period);
    for (uint32_t i = 0; i < p->audios; i++)
        audio_set(m, period, i, &label[i]);
    if (period->tiles)
        tile_set(m, period);
    end(m);
}

static void presentation(struct mpd *m, const struct dash_list *list)
{
    int64_t longest = 0, total_us = 0;
    for (uint32_t i = 0; i < list->periods; i++) {
        longest = max_i64(longest, longest_us(&list->period[i]));
        total_us += list->period[i].duration_us;
    }
    begin(m, "MPD");
    attribute(m, "xmlns", "urn:mpeg:dash:schema:mpd:2011");
    attribute(m, "profiles", PROFILES);
    attribute(m, "type", "static");
    duration(m, "mediaPresentationDuration", total_us);
    // bandwidth is the peak of whole segments, so one segment of buffer is
    // enough to never starve at that rate (DASH-12).
    duration(m, "minBufferTime", longest);
    duration(m, "maxSegmentDuration", longest);
    if (*list->base_url) {
        begin(m, "BaseURL");
        m->failed |=
            xmlTextWriterWriteString(m->writer, xml(list->base_url)) < 0;
        end(m);
    }
    int64_t start_us = 0;
    for (uint32_t i = 0; i < list->periods; i++) {
        period_element(m, &list->period[i], start_us);
        start_us += list->period[i].duration_us;
    }
    end(m);
}

static int add_to_buf(void *context, const char *bytes, int len)
{
    buf_add(context, bytes, (size_t)len);
    return len;
}

enum err dash_write(const struct dash_list *list, struct buf *out)
{
    // Not xmlTextWriterStartDocument(): with an encoding it converts each byte,
    // and looks converters up in tables that threads share.
    buf_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xmlOutputBufferPtr sink =
        xmlOutputBufferCreateIO(add_to_buf, NULL, out, NULL);
    scoped(writer) xmlTextWriterPtr writer =
        sink ? xmlNewTextWriter(sink) : NULL;
    if (!writer) {
        if (sink)
            xmlOutputBufferClose(sink);
        return fail(ERR_IO, "libxml2 has no memory");
    }
    struct mpd m = {writer, false};
    m.failed |= xmlTextWriterSetIndent(writer, 1) < 0;
    presentation(&m, list);
    m.failed |= xmlTextWriterFlush(writer) < 0;
    if (m.failed)
        return fail(ERR_IO, "libxml2 has no memory");
    return buf_end(out);
}
