/// An encoder whose packets go to one muxer or several. Used from one thread at a time.
package final class EncodedTrack {
    /// What makes the packets; its settings tell what frames it wants.
    package let encoder: Encoder
    private var targets: [(muxer: Muxer, stream: Int)] = []
    private let packet: Packet
    /// Looks at every packet before it is written.
    package var onPacket: ((Packet) -> Void)?

    /// - Throws: ``MediaError`` `outOfMemory` where there is no packet to be had.
    package init(_ encoder: Encoder) throws {
        self.encoder = encoder
        packet = try Packet()
    }

    /// Also writes to this muxer, whose header is not yet written.
    package func add(to muxer: Muxer) throws { targets.append((muxer, try muxer.add(encoder))) }

    /// Encodes a frame, whose time is in the encoder's unit; `nil` ends the track.
    package func encode(_ frame: Frame?, forceKey: Bool = false) throws {
        try encoder.send(frame, forceKey: forceKey)
        while try encoder.receive(into: packet) {
            onPacket?(packet)
            for (index, target) in targets.enumerated() {
                // Writing takes the content: all but the last get a reference of their own.
                let written = index == targets.count - 1 ? packet : try packet.reference()
                try target.muxer.write(written, stream: target.stream, from: encoder.timeBase)
            }
        }
    }
}
