internal import FoundationEssentials
internal import HTTP
internal import Primitives
internal import Synchronization

extension S3Store {
    /// Ends multipart uploads whose process died, or that could not be ended because the store was away: their parts are
    /// seen by nobody and cost money. An upload is old where the store says so, or where it was seen that long ago:
    /// not every store knows when an upload began.
    public func sweepUnfinished(
        olderThan age: Duration, keeping: @Sendable ([String]) async throws -> Set<String>
    ) async throws -> Int {
        let found = try await listUnfinished()
        let now = ContinuousClock.now
        let seen = unfinished.withLock { seen in
            seen = Dictionary(found.map { ($0.id, seen[$0.id] ?? now) }) { first, _ in first }
            return seen
        }
        let limit = Date() - age.seconds
        let old = found.filter { one in
            (one.began.map { $0 < limit } ?? false) || (seen[one.id].map { now - $0 > age } ?? false)
        }
        let kept = old.isEmpty ? [] : try await keeping(old.map(\.id))
        let ended = old.filter { !kept.contains($0.id) }
        for one in ended { try await endParts(of: one.key, upload: one.id) }
        return ended.count
    }

    private struct Unfinished {
        let key, id: String
        let began: Date?
    }

    private func listUnfinished() async throws -> [Unfinished] {
        var found: [Unfinished] = []
        var query = [("uploads", "")]
        while true {
            let page = try await xml(send(.GET, nil, query: query))
            for entry in page.elements("Upload") {
                guard let key = entry.element("Key"), ObjectKey.isValid(key), let id = entry.element("UploadId") else {
                    continue
                }
                let began = entry.element("Initiated").flatMap { Date(rfc3339: $0) }
                found.append(Unfinished(key: key, id: id, began: began))
            }
            guard page.element("IsTruncated") == "true", let key = page.element("NextKeyMarker"),
                let id = page.element("NextUploadIdMarker")
            else { return found }
            query = [("key-marker", key), ("upload-id-marker", id), ("uploads", "")]
        }
    }
}
