internal import FoundationEssentials

/// Parameters as libpq takes them: one block of bytes, and for each its place, length and format.
struct EncodedParameters {
    private var bytes: [UInt8] = []
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    var count: Int32 { Int32(offsets.count) }

    /// - Throws: ``PostgresError/Code/invalidParameter`` for text with a NUL and for more parameters than the protocol has.
    init(_ parameters: [PostgresParameter]) throws {
        guard parameters.count <= Int(UInt16.max) else {
            throw PostgresError(.invalidParameter, "more than 65,535 parameters")
        }
        for parameter in parameters {
            switch parameter {
            case .null:
                offsets.append(nil)
                lengths.append(0)
                formats.append(0)
            case .text(let text):
                offsets.append(bytes.count)
                let start = bytes.count
                bytes.append(contentsOf: text.utf8)
                guard !bytes[start...].contains(0) else {
                    throw PostgresError(.invalidParameter, "text cannot hold a NUL", sqlState: "22021")
                }
                lengths.append(Int32(bytes.count - start))
                formats.append(0)
                bytes.append(0)
            case .binary(let data):
                offsets.append(bytes.count)
                bytes.append(contentsOf: data)
                lengths.append(Int32(data.count))
                formats.append(1)
                bytes.append(0)
            }
        }
    }

    /// Lends the arrays that libpq wants.
    func withPointers<T>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> T
    ) -> T {
        bytes.withUnsafeBytes { buffer in
            let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let pointers = offsets.map { offset in offset.flatMap { start?.advanced(by: $0) } }
            return pointers.withUnsafeBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body(values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}
