internal import Glibc

/// The time, read once for each turn of an event loop.
struct Clock {
    /// Milliseconds of a clock that never steps back.
    private(set) var now: UInt64 = 0
    /// Nanoseconds of the same clock.
    private(set) var nanoseconds: UInt64 = 0
    /// Milliseconds since 1970.
    private(set) var wall: Int64 = 0
    private var writtenSecond: Int64 = -1
    private var dateSecond: Int64 = -1
    private var date: [UInt8] = []
    /// `yyyy-mm-ddThh:mm:ss`, 19 bytes.
    private var text = [UInt8](repeating: 0, count: 19)

    init() { read() }

    mutating func read() {
        nanoseconds = Self.monotonic()
        now = nanoseconds / 1_000_000
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        wall = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The wall time at which the clock that never steps back was 0, milliseconds since 1970; as of now.
    static var epoch: UInt64 {
        let clock = Clock()
        return UInt64(max(0, clock.wall)) - min(UInt64(max(0, clock.wall)), clock.now)
    }

    static func monotonic() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Appends the wall time as RFC 3339 in UTC with milliseconds.
    mutating func append(to queue: inout ByteQueue) {
        let second = wall / 1000
        if second != writtenSecond {
            writtenSecond = second
            var time = time_t(second)
            var parts = tm()
            gmtime_r(&time, &parts)
            let fields: [(Int, Int, Int, UInt8)] = [
                (0, 4, Int(parts.tm_year) + 1900, 0x2D), (5, 2, Int(parts.tm_mon) + 1, 0x2D),
                (8, 2, Int(parts.tm_mday), 0x54), (11, 2, Int(parts.tm_hour), 0x3A),
                (14, 2, Int(parts.tm_min), 0x3A), (17, 2, Int(parts.tm_sec), 0),
            ]
            for (start, digits, value, separator) in fields {
                var rest = value
                for index in stride(from: start + digits - 1, through: start, by: -1) {
                    text[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
                    rest /= 10
                }
                if separator != 0 { text[start + digits] = separator }
            }
        }
        queue.append(text)
        queue.append(byte: UInt8(ascii: "."))
        let milliseconds = wall % 1000
        queue.append(byte: UInt8(0x30 + milliseconds / 100))
        queue.append(byte: UInt8(0x30 + milliseconds / 10 % 10))
        queue.append(byte: UInt8(0x30 + milliseconds % 10))
        queue.append(byte: UInt8(ascii: "Z"))
    }

    /// Appends the field `Date` (RFC 9110 §5.6.7).
    mutating func appendDate(to queue: inout ByteQueue) {
        let second = wall / 1000
        if second != dateSecond {
            dateSecond = second
            var time = time_t(second)
            var parts = tm()
            gmtime_r(&time, &parts)
            let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
            let day = "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)])"
            let time24 = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
            date = Array("Date: \(day) \(Int(parts.tm_year) + 1900) \(time24) GMT\r\n".utf8)
        }
        queue.append(date)
    }
}
