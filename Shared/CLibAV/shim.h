#pragma once
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

// Swift does not see function-like macros: the few that are needed, as constants.
static const int ATELIER_AVERROR_EAGAIN = AVERROR(EAGAIN);
static const int ATELIER_AVERROR_ENOMEM = AVERROR(ENOMEM);
static const int ATELIER_AVERROR_EIO = AVERROR(EIO);
static const int ATELIER_AVERROR_EXTERNAL = AVERROR_EXTERNAL;
static const int ATELIER_AVERROR_EINVAL = AVERROR(EINVAL);
static const int ATELIER_AVERROR_ENOSPC = AVERROR(ENOSPC);
static const int ATELIER_AVERROR_EFBIG = AVERROR(EFBIG);
static const int ATELIER_AVERROR_EACCES = AVERROR(EACCES);
static const int ATELIER_AVERROR_ENOSYS = AVERROR(ENOSYS);
static const int ATELIER_AVERROR_EOF = AVERROR_EOF;
static const int ATELIER_AVERROR_EXIT = AVERROR_EXIT;
static const int ATELIER_AVERROR_INVALIDDATA = AVERROR_INVALIDDATA;
static const int ATELIER_AVERROR_PATCHWELCOME = AVERROR_PATCHWELCOME;
static const int ATELIER_AVERROR_DEMUXER_NOT_FOUND = AVERROR_DEMUXER_NOT_FOUND;
static const int ATELIER_AVERROR_DECODER_NOT_FOUND = AVERROR_DECODER_NOT_FOUND;
static const int ATELIER_AVERROR_STREAM_NOT_FOUND = AVERROR_STREAM_NOT_FOUND;
static const int64_t ATELIER_NOPTS = AV_NOPTS_VALUE;

// An input never opens a second file or address by itself, whatever it names.
static int atelier_refuse_io_open(
    AVFormatContext *context, AVIOContext **io, const char *url, int flags, AVDictionary **options
) {
    (void)context, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EACCES);
}

static inline void atelier_refuse_nested_io(AVFormatContext *context) {
    context->io_open = atelier_refuse_io_open;
}

// The fields of AVIndexEntry and AVFrame that are bit fields or renamed between releases.
static inline int atelier_frame_is_key(const AVFrame *frame) { return frame->key_frame; }

static inline const char *atelier_codec_name(enum AVCodecID id) { return avcodec_get_name(id); }
