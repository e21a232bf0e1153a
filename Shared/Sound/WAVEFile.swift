internal import CSound
public import FoundationEssentials

/// RIFF WAVE files (Microsoft and IBM, 1991) of 16-bit PCM.
public enum WAVEFile {
    /// A file that is no WAVE of 16-bit PCM.
    public struct Malformed: Error, Sendable, CustomStringConvertible {
        /// What is wrong.
        public let reason: String
        public var description: String { "not a readable WAVE file: \(reason)" }
    }

    /// The sound as a file, rounded with dither.
    public static func encode(_ sound: SoundBuffer) -> Data {
        let bytes = sound.samples.count * 2
        let frame = sound.channels * 2
        var data = Data(capacity: 44 + bytes)
        data.append(contentsOf: Array("RIFF".utf8))
        data.append(little: UInt32(36 + bytes))
        data.append(contentsOf: Array("WAVEfmt ".utf8))
        data.append(little: UInt32(16))
        data.append(little: UInt16(1))
        data.append(little: UInt16(sound.channels))
        data.append(little: UInt32(sound.sampleRate))
        data.append(little: UInt32(sound.sampleRate * frame))
        data.append(little: UInt16(frame))
        data.append(little: UInt16(16))
        data.append(contentsOf: Array("data".utf8))
        data.append(little: UInt32(bytes))
        let rounded = [Int16](unsafeUninitializedCapacity: sound.samples.count) { buffer, used in
            csound_to_int16(sound.samples, buffer.baseAddress, sound.samples.count)
            used = sound.samples.count
        }
        rounded.withUnsafeBytes { data.append(contentsOf: $0) }
        return data
    }

    /// Reads a file; sizes that a writer to a pipe could not know are taken as "to the end".
    /// - Throws: ``Malformed``.
    public static func decode(_ data: Data) throws(Malformed) -> SoundBuffer {
        let bytes = [UInt8](data)
        func word(_ at: Int) -> Int { Int(bytes[at]) | Int(bytes[at + 1]) << 8 }
        func long(_ at: Int) -> Int { word(at) | word(at + 2) << 16 }
        func tag(_ at: Int) -> String { String(decoding: bytes[at..<at + 4], as: UTF8.self) }
        guard bytes.count >= 12, tag(0) == "RIFF", tag(8) == "WAVE" else { throw Malformed(reason: "no RIFF header") }
        var position = 12
        var format: (channels: Int, rate: Int)?
        while position + 8 <= bytes.count {
            let body = position + 8
            let size = long(position + 4)
            switch tag(position) {
            case "fmt ":
                guard size >= 16, body + 16 <= bytes.count, word(body) == 1, word(body + 14) == 16 else {
                    throw Malformed(reason: "not 16-bit PCM")
                }
                let found = (channels: word(body + 2), rate: long(body + 4))
                guard (1...8).contains(found.channels), (4000...192_000).contains(found.rate) else {
                    throw Malformed(reason: "an impossible format")
                }
                format = found
            case "data":
                guard let format else { throw Malformed(reason: "data before its format") }
                let end = min(bytes.count, body + size)
                let count = (end - body) / 2 / format.channels * format.channels
                let samples = (0..<count).map { Float(Int16(truncatingIfNeeded: word(body + $0 * 2))) / 32768 }
                return SoundBuffer(samples: samples, channels: format.channels, sampleRate: format.rate)
            default: break
            }
            position = body + size + size % 2
        }
        throw Malformed(reason: "no data")
    }
}

extension Data {
    fileprivate mutating func append<T: FixedWidthInteger>(little value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
