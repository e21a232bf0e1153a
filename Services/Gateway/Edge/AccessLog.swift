internal import Execution
internal import Glibc
internal import Synchronization
internal import Telemetry

/// One JSON line for each request (GW-026), written by a thread of its own: a slow reader of standard output costs
/// lines, which are counted, and never holds a loop up.
final class AccessLog: @unchecked Sendable {  // The condition and what it guards are used under `mutex` only.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var pending: [UInt8] = []
    private var lost = 0
    private var isWriting = false
    private let isOn: Bool
    private static let limit = 4 << 20

    /// - Parameter isOn: false to write nothing.
    init(isOn: Bool) {
        self.isOn = isOn
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        if isOn { startThread { [self] in loop() } }
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// How many bytes of lines could not be written.
    var dropped: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return lost
    }

    /// Takes the lines of a loop.
    func take(_ lines: inout ByteQueue) {
        pthread_mutex_lock(mutex)
        if pending.count + lines.count <= Self.limit {
            pending.append(contentsOf: lines.bytes)
        } else {
            lost += lines.count
        }
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
        lines.removeAll()
    }

    /// Waits until everything was written, at the end of the process.
    func flush() {
        for _ in 0..<100 {
            pthread_mutex_lock(mutex)
            let isDone = pending.isEmpty && !isWriting
            pthread_mutex_unlock(mutex)
            if isDone { return }
            usleep(10_000)
        }
    }

    /// Appends the line of a request.
    func write(
        _ exchange: Exchange, route: String, nanoseconds: UInt64, address: [UInt8], clock: inout Clock,
        into lines: inout ByteQueue
    ) {
        guard isOn else { return }
        lines.append("{\"timestamp\":\"")
        clock.append(to: &lines)
        lines.append(exchange.status >= 500 ? "\",\"level\":\"warning\"" : "\",\"level\":\"info\"")
        lines.append(",\"service\":\"gateway\",\"message\":\"request\",\"address\":\"")
        lines.append(address)
        lines.append("\",\"duration_ms\":")
        lines.append(decimal: Int64(nanoseconds / 1_000_000))
        lines.append(".")
        let microseconds = nanoseconds / 1000 % 1000
        lines.append(byte: UInt8(0x30 + microseconds / 100))
        lines.append(byte: UInt8(0x30 + microseconds / 10 % 10))
        lines.append(byte: UInt8(0x30 + microseconds % 10))
        lines.append(",\"method\":\"")
        lines.append(exchange.method?.name ?? "other")
        lines.append("\",\"received_bytes\":")
        lines.append(decimal: exchange.received)
        lines.append(",\"request_id\":\"")
        lines.append(exchange.requestID)
        lines.append("\",\"route\":\"")
        lines.append(route)
        lines.append("\",\"sent_bytes\":")
        lines.append(decimal: exchange.sent)
        lines.append(",\"span_id\":\"")
        lines.append(hex: exchange.trace.span, digits: 16)
        lines.append("\",\"status\":")
        lines.append(decimal: Int64(exchange.status))
        lines.append(",\"trace_id\":\"")
        lines.append(traceID: exchange.trace)
        lines.append("\"}\n")
    }

    private func loop() {
        while true {
            pthread_mutex_lock(mutex)
            isWriting = false
            while pending.isEmpty { pthread_cond_wait(condition, mutex) }
            let batch = pending
            pending = []
            isWriting = true
            pthread_mutex_unlock(mutex)
            batch.withUnsafeBytes { bytes in
                var rest = bytes
                while let base = rest.baseAddress, !rest.isEmpty {
                    let count = Glibc.write(1, base, rest.count)
                    if count < 0, errno == EINTR { continue }
                    if count <= 0 { return }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
        }
    }
}
