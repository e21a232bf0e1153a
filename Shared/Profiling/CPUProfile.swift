internal import CProfile
internal import Glibc

/// Where this process spends its processor time, by samples of what its threads do. Costs nothing while none is taken
/// (OPS-070).
///
/// One timer counts the processor time of all threads and interrupts the one that runs. A thread that lets no signal in
/// (those of librdkafka) is not seen: its samples go to another one, mostly to one that waits.
public enum CPUProfile {
    /// A profile is taken already.
    public struct Busy: Error {
        /// Nothing more is to be told.
        public init() {}
    }

    /// The kernel refused what a profile needs.
    public struct Refused: Error {
        /// Its `errno`.
        public let code: Int32
    }

    /// 8 MiB of samples, of which only what is written takes memory.
    private static let capacity = 1 << 20

    /// Takes a profile. Its text is in folded stacks: a line for each stack, the most frequent first: the thread's name and
    /// the functions from the outermost to the innermost, with `;` between them, then how many samples it had.
    ///
    /// A task's stack are the functions that await each other. What found no room is in the line `[no room]`.
    /// - Parameters:
    ///   - hertz: samples in a second of processor time, 1…500.
    ///   - goesOn: asked ten times a second; the profile ends early where it is false.
    /// - Throws: ``Busy``, ``Refused``, `CancellationError`.
    public static func take(
        _ duration: Duration, hertz: Int, while goesOn: @Sendable () -> Bool = { true }
    ) async throws -> String {
        guard let memory = calloc(capacity, MemoryLayout<UInt64>.size) else { throw Refused(code: ENOMEM) }
        defer { free(memory) }
        let words = memory.assumingMemoryBound(to: UInt64.self)
        let symbols = Symbols()
        let jobs = symbols.jobs()
        switch atelier_profile_start(words, capacity, Int32(clamping: hertz), jobs.lowerBound, jobs.upperBound) {
        case 0: break
        case EBUSY: throw Busy()
        case let code: throw Refused(code: code)
        }
        let clock = ContinuousClock()
        let end = clock.now + duration
        do {
            while goesOn(), clock.now < end {
                try await Task.sleep(for: min(.milliseconds(100), end - clock.now))
            }
        } catch {
            _ = atelier_profile_stop()
            throw error
        }
        let lost = atelier_profile_stop()
        return folded(UnsafeBufferPointer(start: words, count: capacity), lost: lost, symbols)
    }

    private static func folded(_ words: UnsafeBufferPointer<UInt64>, lost: Int, _ symbols: Symbols) -> String {
        let head = Int(ATELIER_PROFILE_HEAD)
        var stacks: [String: Int] = [:]
        if lost > 0 { stacks["[no room]"] = lost }
        var place = 0
        while place < words.count, words[place] > 0 {
            let first = place + head
            let name = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: words[place + 1..<first])).prefix {
                $0 != 0
            }
            place = first + Int(words[place])
            var stack = String(decoding: name, as: UTF8.self)
            var last = ""
            for address in words[first..<place].reversed() {
                let function = symbols.name(of: address)
                guard !function.isEmpty, function != last else { continue }
                stack += ";" + function
                last = function
            }
            stacks[stack, default: 0] += 1
        }
        let ordered = stacks.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return ordered.map { "\($0.key) \($0.value)\n" }.joined()
    }
}
