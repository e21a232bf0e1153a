/// How many of the last tries of each kind failed.
struct ErrorRates {
    private static let window = 100
    private var recent: [String: [Bool]] = [:]

    /// Takes a try in, and gives the part that failed, from 0 to 1.
    mutating func note(_ kind: String, failed: Bool) -> Double {
        var tries = recent[kind, default: []]
        tries.append(failed)
        if tries.count > Self.window { tries.removeFirst() }
        recent[kind] = tries
        return Double(tries.count { $0 }) / Double(tries.count)
    }
}
