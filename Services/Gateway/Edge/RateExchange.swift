internal import Redis

/// One exchange of counts: the commands, and what the answers say. Without I/O.
///
/// A count is a hash of its own for each rule, subject and window, `atelier:limit:<rule>:<subject>:<number of the window>`,
/// with a field for each gateway that holds all that this one counted. So a command may be sent twice, and a Redis that
/// lost its data learns everything again; sums (INCRBY) would then be too high, or too low.
struct RateExchange {
    let changes: [RateChange]
    /// The field of this gateway.
    let member: String

    var commands: [[String]] {
        changes.flatMap { change -> [[String]] in
            var commands = count(change, change.number, change.current)
            if let previous = change.previous { commands += count(change, change.number - 1, previous) }
            return commands
        }
    }

    /// What the others counted, for each change.
    /// - Throws: the first refusal, as ``Refused``.
    func others(_ replies: [RedisReply]) throws -> [RateChange.Others] {
        for case .refusal(let text) in replies { throw Refused(description: "Redis refuses: \(text)") }
        var rest = replies[...]
        func next(_ own: Int) -> Double {
            let answers = rest.prefix(own > 0 ? 3 : 1)
            rest = rest.dropFirst(answers.count)
            guard case .list(let values)? = answers.last else { return 0 }
            let sum = values.reduce(0) { sum, value in
                if case .text(let text) = value { sum + (Double(text) ?? 0) } else { sum }
            }
            return max(0, sum - Double(own))
        }
        return changes.map { change in
            let current = next(change.current)
            return RateChange.Others(current: current, previous: change.previous.map(next))
        }
    }

    /// Redis does not do what it was told.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    /// Three commands, each with an answer; the last alone where there is nothing to tell. The count is needed until the
    /// window after its own has ended.
    private func count(_ change: RateChange, _ number: UInt64, _ own: Int) -> [[String]] {
        let subject = change.key.subject
        let key = "atelier:limit:\(change.key.rule):\(Self.hex(subject.high))\(Self.hex(subject.low)):\(number)"
        guard own > 0 else { return [["HVALS", key]] }
        return [["HSET", key, member, String(own)], ["PEXPIRE", key, String(2 * change.window)], ["HVALS", key]]
    }

    private static func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
