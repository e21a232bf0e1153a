package import CLibAV

/// A piece of a coded stream. Used from one thread at a time.
package final class Packet {
    /// libav's packet; owned.
    package let pointer: UnsafeMutablePointer<AVPacket>

    /// A packet without content.
    /// - Throws: ``MediaError`` `outOfMemory`.
    package init() throws {
        guard let pointer = av_packet_alloc() else { throw MediaError(.outOfMemory, "packet") }
        self.pointer = pointer
    }

    deinit {
        var freed: UnsafeMutablePointer<AVPacket>? = pointer
        av_packet_free(&freed)
    }

    /// The stream that it belongs to.
    package var stream: Int { Int(pointer.pointee.stream_index) }
    /// Bytes of coded content.
    package var size: Int { Int(pointer.pointee.size) }
    /// A decoder can begin here.
    package var isKey: Bool { pointer.pointee.flags & AV_PKT_FLAG_KEY != 0 }
    /// When it is shown, in the stream's time base; `nil` where unknown.
    package var pts: Int64? { pointer.pointee.pts == ATELIER_NOPTS ? nil : pointer.pointee.pts }
    /// When it is decoded, in the stream's time base: the order in the file; `nil` where unknown.
    package var dts: Int64? { pointer.pointee.dts == ATELIER_NOPTS ? nil : pointer.pointee.dts }

    /// The coded bytes, for as long as the packet keeps its content.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: pointer.pointee.data, count: Int(pointer.pointee.size))
    }

    /// Another packet over the same content.
    package func reference() throws -> Packet {
        let packet = try Packet()
        try check(av_packet_ref(packet.pointer, pointer), "reference to a packet")
        return packet
    }

    /// Gives its content back.
    package func clear() { av_packet_unref(pointer) }
}
