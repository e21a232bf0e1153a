import FoundationEssentials
import Primitives

/// What is known of a signing key, without the key.
struct KeyFact: Sendable, Equatable {
    let id: String
    /// From when on it signs.
    let signsFrom: Date
}

/// What is to be done with the signing keys: publish → wait → sign → retire.
///
/// A key is made and published one lead before it signs, so that everybody knows it when the first token comes; it stays
/// published until the last token that it signed has ended.
struct KeyPlan: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        case make(signsFrom: Date)
        case retire(String)
    }

    /// How long a key signs before the next one does.
    var life: Duration
    /// How long a key is published before it signs.
    var lead: Duration
    /// How long after its last signature a key is still needed: the life of an access token and some clock difference.
    var tail: Duration

    /// The key that signs now.
    static func current(_ keys: [KeyFact], now: Date) -> KeyFact? {
        keys.filter { $0.signsFrom <= now }.max { ($0.signsFrom, $0.id) < ($1.signsFrom, $1.id) }
    }

    /// The steps that let another key sign before its time comes: none where one waits to sign already.
    func rotation(_ keys: [KeyFact], now: Date) -> [Step] {
        guard Self.current(keys, now: now) != nil else { return [.make(signsFrom: now)] }
        if keys.contains(where: { $0.signsFrom > now }) { return [] }
        return [.make(signsFrom: now.addingTimeInterval(lead.seconds))]
    }

    /// The steps that end a key at once, whatever it signed: none where it is retired. In the place of the one that
    /// signs there is a new one, not one that stopped signing before.
    func retirement(of id: String, _ keys: [KeyFact], now: Date) -> [Step] {
        guard keys.contains(where: { $0.id == id }) else { return [] }
        let signs = Self.current(keys, now: now)?.id == id
        return [.retire(id)] + (signs ? [.make(signsFrom: now)] : [])
    }

    /// The steps that are due.
    /// - Parameter keys: all that are not retired.
    func steps(_ keys: [KeyFact], now: Date) -> [Step] {
        guard let current = Self.current(keys, now: now) else {
            // Nothing can sign. The very first key, or every key lies ahead: nobody waits for a lead then.
            return [.make(signsFrom: now)]
        }
        var steps: [Step] = []
        let next = keys.filter { $0.signsFrom > now }
        let end = current.signsFrom.addingTimeInterval(life.seconds)
        if next.isEmpty, now.addingTimeInterval(lead.seconds) >= end {
            steps.append(.make(signsFrom: max(end, now.addingTimeInterval(lead.seconds))))
        }
        // A key before the current one stopped signing when the key after it began.
        let past = keys.filter { $0.signsFrom <= now }.sorted { ($0.signsFrom, $0.id) < ($1.signsFrom, $1.id) }
        for (key, successor) in zip(past, past.dropFirst())
        where successor.signsFrom.addingTimeInterval(tail.seconds) < now {
            steps.append(.retire(key.id))
        }
        return steps
    }
}
