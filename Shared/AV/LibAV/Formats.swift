/// What of libav an input may reach. Everything else is refused, playlists and anything that names other files above all.
package enum Formats {
    /// Demuxers: containers that hold their own bytes. No hls, concat, dash, image sequences, devices.
    package static let demuxers =
        "mov,matroska,mp3,aac,flac,wav,w64,aiff,caf,ogg,avi,mpegts,mpeg,flv,gif,amr"

    /// Decoders: those of the formats that people upload.
    package static let decoders = [
        "h264", "hevc", "libdav1d", "vp8", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "prores", "dnxhd",
        "theora", "gif", "h263", "flv", "png", "rawvideo", "ffv1",
        "aac", "aac_fixed", "mp3", "mp3float", "mp2", "mp2float", "flac", "alac", "vorbis", "opus", "ac3", "eac3",
        "amrnb", "amrwb", "wmav2",
        "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_u8", "pcm_s8", "pcm_f32le",
        "pcm_f32be", "pcm_f64le", "pcm_mulaw", "pcm_alaw", "adpcm_ms", "adpcm_ima_wav",
    ].joined(separator: ",")
}
