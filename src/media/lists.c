// SPDX-License-Identifier: MIT
// lists.c - the tables of what is let in; a new entry is one line.
#include "lists.h"

#include <string.h>

static const struct format_rule formats[] = {
    {"mov,mp4,m4a,3gp,3g2,mj2", FORMAT_BOXES                                 },
    {"matroska,webm",           FORMAT_BY_PTS | FORMAT_CLUSTER               },
    {"mpegts",                  FORMAT_STREAM                                },
    {"mpeg",                    FORMAT_STREAM                                },
    {"avi",                     FORMAT_SCAN | FORMAT_GENERATE | FORMAT_NO_PTS},
    {"flv",                     FORMAT_SCAN | FORMAT_LEARNS                  },
    {"ogg",                     FORMAT_SCAN | FORMAT_BY_PTS                  },
    {"asf",                     FORMAT_SCAN | FORMAT_BY_PTS                  },
    {"mxf",                     FORMAT_SCAN | FORMAT_GENERATE                },
    {"gif",                     FORMAT_BY_PTS                                },
    {"jpeg_pipe",               FORMAT_STILL                                 },
    {"png_pipe",                FORMAT_STILL                                 },
    {"webp_pipe",               FORMAT_STILL                                 },
    {"bmp_pipe",                FORMAT_STILL                                 },
    {"tiff_pipe",               FORMAT_STILL                                 },
    {"wav",                     FORMAT_SCAN                                  },
    {"w64",                     FORMAT_SCAN                                  },
    {"aiff",                    FORMAT_SCAN                                  },
    {"mp3",                     FORMAT_SCAN                                  },
    {"aac",                     FORMAT_SCAN                                  },
    {"ac3",                     FORMAT_SCAN                                  },
    {"eac3",                    FORMAT_SCAN                                  },
    {"flac",                    FORMAT_SCAN                                  },
    {"amr",                     FORMAT_SCAN                                  },
    {"caf",                     FORMAT_SCAN                                  },
};

static const struct codec_rule codecs[] = {
    {AV_CODEC_ID_H264,          "h264",          ENTRY_H264 },
    {AV_CODEC_ID_HEVC,          "hevc",          ENTRY_HEVC },
    {AV_CODEC_ID_VP8,           "vp8",           ENTRY_EXACT},
    {AV_CODEC_ID_VP9,           "vp9",           ENTRY_EXACT},
    {AV_CODEC_ID_AV1,           "libdav1d",      ENTRY_EXACT},
    {AV_CODEC_ID_MPEG1VIDEO,    "mpeg1video",    ENTRY_OPEN },
    {AV_CODEC_ID_MPEG2VIDEO,    "mpeg2video",    ENTRY_OPEN },
    {AV_CODEC_ID_MPEG4,         "mpeg4",         ENTRY_OPEN },
    {AV_CODEC_ID_H263,          "h263",          ENTRY_EXACT},
    {AV_CODEC_ID_FLV1,          "flv",           ENTRY_EXACT},
    {AV_CODEC_ID_VP6F,          "vp6f",          ENTRY_EXACT},
    {AV_CODEC_ID_MSMPEG4V2,     "msmpeg4v2",     ENTRY_EXACT},
    {AV_CODEC_ID_MSMPEG4V3,     "msmpeg4",       ENTRY_EXACT},
    {AV_CODEC_ID_WMV1,          "wmv1",          ENTRY_EXACT},
    {AV_CODEC_ID_WMV2,          "wmv2",          ENTRY_EXACT},
    {AV_CODEC_ID_WMV3,          "wmv3",          ENTRY_OPEN },
    {AV_CODEC_ID_VC1,           "vc1",           ENTRY_OPEN },
    {AV_CODEC_ID_THEORA,        "theora",        ENTRY_EXACT},
    {AV_CODEC_ID_MJPEG,         "mjpeg",         ENTRY_EXACT},
    {AV_CODEC_ID_PRORES,        "prores",        ENTRY_EXACT},
    {AV_CODEC_ID_DNXHD,         "dnxhd",         ENTRY_EXACT},
    {AV_CODEC_ID_DVVIDEO,       "dvvideo",       ENTRY_EXACT},
    {AV_CODEC_ID_FFV1,          "ffv1",          ENTRY_EXACT},
    {AV_CODEC_ID_QTRLE,         "qtrle",         ENTRY_EXACT},
    {AV_CODEC_ID_RAWVIDEO,      "rawvideo",      ENTRY_EXACT},
    {AV_CODEC_ID_GIF,           "gif",           ENTRY_EXACT},
    {AV_CODEC_ID_PNG,           "png",           ENTRY_EXACT},
    {AV_CODEC_ID_WEBP,          "webp",          ENTRY_EXACT},
    {AV_CODEC_ID_BMP,           "bmp",           ENTRY_EXACT},
    {AV_CODEC_ID_TIFF,          "tiff",          ENTRY_EXACT},
    {AV_CODEC_ID_AAC,           "aac",           ENTRY_EXACT},
    {AV_CODEC_ID_AAC_LATM,      "aac_latm",      ENTRY_EXACT},
    {AV_CODEC_ID_MP2,           "mp2float",      ENTRY_EXACT},
    {AV_CODEC_ID_MP3,           "mp3float",      ENTRY_EXACT},
    {AV_CODEC_ID_AC3,           "ac3",           ENTRY_EXACT},
    {AV_CODEC_ID_EAC3,          "eac3",          ENTRY_EXACT},
    {AV_CODEC_ID_DTS,           "dca",           ENTRY_EXACT},
    {AV_CODEC_ID_TRUEHD,        "truehd",        ENTRY_EXACT},
    {AV_CODEC_ID_OPUS,          "opus",          ENTRY_EXACT},
    {AV_CODEC_ID_VORBIS,        "vorbis",        ENTRY_EXACT},
    {AV_CODEC_ID_FLAC,          "flac",          ENTRY_EXACT},
    {AV_CODEC_ID_ALAC,          "alac",          ENTRY_EXACT},
    {AV_CODEC_ID_WMAV1,         "wmav1",         ENTRY_EXACT},
    {AV_CODEC_ID_WMAV2,         "wmav2",         ENTRY_EXACT},
    {AV_CODEC_ID_WMAPRO,        "wmapro",        ENTRY_EXACT},
    {AV_CODEC_ID_AMR_NB,        "amrnb",         ENTRY_EXACT},
    {AV_CODEC_ID_AMR_WB,        "amrwb",         ENTRY_EXACT},
    {AV_CODEC_ID_ADPCM_MS,      "adpcm_ms",      ENTRY_EXACT},
    {AV_CODEC_ID_ADPCM_IMA_WAV, "adpcm_ima_wav", ENTRY_EXACT},
    {AV_CODEC_ID_ADPCM_IMA_QT,  "adpcm_ima_qt",  ENTRY_EXACT},
    {AV_CODEC_ID_PCM_U8,        "pcm_u8",        ENTRY_EXACT},
    {AV_CODEC_ID_PCM_S8,        "pcm_s8",        ENTRY_EXACT},
    {AV_CODEC_ID_PCM_S16LE,     "pcm_s16le",     ENTRY_EXACT},
    {AV_CODEC_ID_PCM_S16BE,     "pcm_s16be",     ENTRY_EXACT},
    {AV_CODEC_ID_PCM_S24LE,     "pcm_s24le",     ENTRY_EXACT},
    {AV_CODEC_ID_PCM_S24BE,     "pcm_s24be",     ENTRY_EXACT},
    {AV_CODEC_ID_PCM_S32LE,     "pcm_s32le",     ENTRY_EXACT},
    {AV_CODEC_ID_PCM_S32BE,     "pcm_s32be",     ENTRY_EXACT},
    {AV_CODEC_ID_PCM_F32LE,     "pcm_f32le",     ENTRY_EXACT},
    {AV_CODEC_ID_PCM_F32BE,     "pcm_f32be",     ENTRY_EXACT},
    {AV_CODEC_ID_PCM_ALAW,      "pcm_alaw",      ENTRY_EXACT},
    {AV_CODEC_ID_PCM_MULAW,     "pcm_mulaw",     ENTRY_EXACT},
    {AV_CODEC_ID_PCM_DVD,       "pcm_dvd",       ENTRY_EXACT},
    {AV_CODEC_ID_PCM_BLURAY,    "pcm_bluray",    ENTRY_EXACT},
};

enum {
    FORMATS = sizeof formats / sizeof *formats,
    CODECS = sizeof codecs / sizeof *codecs,
};

const struct format_rule *format_rule_of(const AVInputFormat *format)
{
    for (int i = 0; i < FORMATS; i++)
        if (strcmp(formats[i].name, format->name) == 0)
            return &formats[i];
    return NULL;
}

const struct codec_rule *codec_rule_of(enum AVCodecID id)
{
    for (int i = 0; i < CODECS; i++)
        if (codecs[i].id == id)
            return &codecs[i];
    return NULL;
}

bool format_is_picture(const AVInputFormat *format)
{
    return strncmp(format->name, "image2", 6) == 0 ||
           str_ends(str_of(format->name), STR("_pipe"));
}

void format_list(struct buf *out)
{
    for (int i = 0; i < FORMATS; i++)
        buf_printf(out, "%s%s", i ? "," : "", formats[i].name);
}

void codec_list(struct buf *out)
{
    for (int i = 0; i < CODECS; i++)
        buf_printf(out, "%s%s", i ? "," : "", codecs[i].decoder);
}
