internal import FoundationEssentials
internal import HTTP
internal import Primitives
internal import Synchronization

extension S3Store {
    /// Ends multipart uploads whose process died, or that could not be ended because the store was away: their parts are
    /// seen by nobody and cost money. An upload is old where the store says so, or where it was seen that long ago:
    /// not every store knows when an upload began.
    public func sweepUnfinished(olderThan age: Duration) async throws -> Int {
        let page = try await xml(send(.GET, nil, query: [("uploads", "")]))
        let now = ContinuousClock.now
        let found = page.elements("Upload").compactMap { entry -> (key: String, id: String, began: Date?)? in
            guard let key = entry.element("Key"), ObjectKey.isValid(key), let id = entry.element("UploadId") else {
                return nil
            }
            return (key, id, entry.element("Initiated").flatMap { Date(rfc3339: $0) })
        }
        let seen = unfinished.withLock { seen in
            seen = Dictionary(found.map { ($0.id, seen[$0.id] ?? now) }) { first, _ in first }
            return seen
        }
        let limit = Date() - age.seconds
        let old = found.filter { one in
            (one.began.map { $0 < limit } ?? false) || (seen[one.id].map { now - $0 > age } ?? false)
        }
        for one in old {
            do {
                _ = try await send(.DELETE, one.key, query: [("uploadId", one.id)])
            } catch let error as ObjectStoreError where error.code == .notFound {}
        }
        return old.count
    }
}
