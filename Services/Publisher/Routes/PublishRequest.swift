import FoundationEssentials
import HTTP

/// What `POST /publish` takes.
struct PublishRequest: Decodable, Sendable {
    let assetId: UUID
    let accountIds: [UUID]
    let caption: String?
    let publishAt: Date?
    let projectId: UUID?

    /// - Throws: `Problem` 400 that names every fault.
    func check(now: Date) throws {
        var faults: [(field: String, reason: String)] = []
        if accountIds.isEmpty || accountIds.count > NewPublication.accountLimit {
            faults.append(("accountIds", "must have 1 to \(NewPublication.accountLimit) entries"))
        }
        if Set(accountIds).count != accountIds.count { faults.append(("accountIds", "must not repeat an account")) }
        if let caption, caption.count > NewPublication.captionLimit || caption.utf8.contains(0) {
            faults.append(("caption", "must have \(NewPublication.captionLimit) characters at most"))
        }
        if let publishAt, publishAt > now + NewPublication.horizon {
            faults.append(("publishAt", "must be within a year"))
        }
        if !faults.isEmpty { throw Problem.invalid(faults) }
    }
}
