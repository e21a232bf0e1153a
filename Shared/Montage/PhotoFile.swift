internal import AV
internal import CLibAV
internal import FoundationEssentials

/// Reads a still picture through libav's decoders: one packet that holds the whole file.
enum PhotoFile {
    /// The largest file that is read, in bytes.
    static let limit = 200 << 20

    /// - Throws: ``MediaError``: `unsupportedFormat`, `damaged`, `tooLarge`, `io`.
    static func decode(path: String, limits: MediaLimits = MediaLimits()) throws -> Frame {
        let source = try FileSource(path: path)
        guard let size = source.size, size > 12 else { throw MediaError(.damaged, "an empty picture") }
        guard size <= limit else { throw MediaError(.tooLarge, "a picture of more than 200 MB") }
        let packet = try Packet()
        try check(av_new_packet(packet.pointer, Int32(size)), "reading a picture")
        let bytes = UnsafeMutableRawBufferPointer(start: packet.pointer.pointee.data, count: Int(size))
        var offset = 0
        while offset < bytes.count {
            let count = try source.read(
                at: Int64(offset), into: UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]))
            if count == 0 { throw MediaError(.io, "a picture ended early") }
            offset += count
        }
        guard let codec = avcodec_find_decoder(try codecID(bytes)), let context = avcodec_alloc_context3(codec) else {
            throw MediaError(.unsupportedFormat, "no decoder for this picture")
        }
        var owned: UnsafeMutablePointer<AVCodecContext>? = context
        defer { avcodec_free_context(&owned) }
        context.pointee.max_pixels = limits.maxPixels
        context.pointee.thread_count = 1
        try check(avcodec_open2(context, codec, nil), "opening a picture")
        try check(avcodec_send_packet(context, packet.pointer), "decoding a picture")
        _ = avcodec_send_packet(context, nil)
        let frame = try Frame()
        try check(avcodec_receive_frame(context, frame.pointer), "decoding a picture")
        return frame
    }

    private static func codecID(_ bytes: UnsafeMutableRawBufferPointer) throws -> AVCodecID {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return AV_CODEC_ID_PNG }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return AV_CODEC_ID_MJPEG }
        if bytes.starts(with: Array("RIFF".utf8)), bytes[8..<12].elementsEqual(Array("WEBP".utf8)) {
            return AV_CODEC_ID_WEBP
        }
        throw MediaError(.unsupportedFormat, "no picture that this product reads")
    }
}
