internal import Auth
internal import FoundationEssentials

/// Tokens that were found good, so that the signature of one is not checked at each request. Belongs to one loop.
///
/// Keyed by a hash with a secret seed, and compared byte by byte: nobody can pass for another by a collision. An entry
/// holds for a minute at most, so that a withdrawn key does not live on here; whether the session was ended is asked
/// each time.
struct TokenCache {
    private struct Entry {
        let token: [UInt8]
        let principal: Principal
        /// Milliseconds since 1970.
        let validUntil: Int64
    }

    private var entries: [Int: Entry] = [:]
    private let capacity: Int
    private static let longestLife: Int64 = 60_000

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { entries.count }

    /// Who a token stands for, where that is known and still true.
    func principal(_ token: UnsafeRawBufferPointer, wall: Int64) -> Principal? {
        guard let entry = entries[Self.hash(token)], entry.validUntil > wall, entry.token.count == token.count,
            entry.token.withUnsafeBytes({ $0.elementsEqual(token) })
        else { return nil }
        return entry.principal
    }

    /// Remembers a token that was found good.
    mutating func remember(_ token: UnsafeRawBufferPointer, _ principal: Principal, wall: Int64) {
        guard capacity > 0 else { return }
        if entries.count >= capacity {
            entries = entries.filter { $0.value.validUntil > wall }
            if entries.count >= capacity { entries.removeAll(keepingCapacity: true) }
        }
        let end = Int64(principal.expiresAt.timeIntervalSince1970 * 1000)
        entries[Self.hash(token)] = Entry(
            token: [UInt8](token), principal: principal, validUntil: min(end, wall + Self.longestLife))
    }

    private static func hash(_ token: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: token)
        return hasher.finalize()
    }
}
