internal import Glibc

/// Bytes that wait: written at the end, taken from the front. Has no memory of its own while it is empty and released.
struct ByteQueue: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var head = 0
    private var tail = 0

    init() {}

    deinit { free(base) }

    var count: Int { tail - head }
    var isEmpty: Bool { head == tail }

    /// The bytes, valid until the queue is next changed.
    var bytes: UnsafeRawBufferPointer {
        guard let base else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + head, count: tail - head)
    }

    /// Takes bytes away from the front.
    mutating func consume(_ count: Int) {
        head += count
        if head == tail {
            head = 0
            tail = 0
        }
    }

    mutating func removeAll() {
        head = 0
        tail = 0
    }

    /// Takes bytes away from the end.
    mutating func removeLast(_ count: Int) { tail -= count }

    /// Gives the memory back, where it is empty.
    mutating func release() {
        guard isEmpty, base != nil else { return }
        free(base)
        base = nil
        capacity = 0
    }

    /// Makes room for so many bytes at the end; they are in use after ``commit(_:)``.
    mutating func space(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if capacity - tail < count { makeRoom(count) }
        return UnsafeMutableRawBufferPointer(start: base.map { $0 + tail }, count: capacity - tail)
    }

    /// Bytes written into ``space(_:)`` belong to the queue from now on.
    mutating func commit(_ count: Int) { tail += count }

    mutating func append(_ other: UnsafeRawBufferPointer) {
        guard let source = other.baseAddress, !other.isEmpty else { return }
        if capacity - tail < other.count { makeRoom(other.count) }
        guard let base else { return }
        memcpy(base + tail, source, other.count)
        tail += other.count
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    mutating func append(byte: UInt8) {
        if capacity == tail { makeRoom(64) }
        base?.storeBytes(of: byte, toByteOffset: tail, as: UInt8.self)
        tail += 1
    }

    /// Appends a number in decimal.
    mutating func append(decimal number: Int64) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { buffer in
            var index = 20
            var rest = number.magnitude
            repeat {
                index -= 1
                buffer[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 { append(byte: UInt8(ascii: "-")) }
            append(UnsafeRawBufferPointer(rebasing: buffer[index...]))
        }
    }

    /// Appends a number in hexadecimal, lower case, with at least `digits` digits.
    mutating func append(hex number: UInt64, digits: Int = 1) {
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
            var index = 16
            var rest = number
            repeat {
                index -= 1
                let digit = UInt8(truncatingIfNeeded: rest & 15)
                buffer[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
                rest >>= 4
            } while rest > 0 || 16 - index < digits
            append(UnsafeRawBufferPointer(rebasing: buffer[index...]))
        }
    }

    private mutating func makeRoom(_ count: Int) {
        let used = tail - head
        if head > 0, capacity - used >= count, head >= used, let base {
            memcpy(base, base + head, used)
        } else {
            var size = max(capacity, 1024)
            while size - used < count { size *= 2 }
            guard let new = malloc(size) else { preconditionFailure("no memory") }
            if let base {
                memcpy(new, base + head, used)
                free(base)
            }
            base = new
            capacity = size
        }
        head = 0
        tail = used
    }
}
