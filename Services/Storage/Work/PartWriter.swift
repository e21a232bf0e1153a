import Crypto
import FoundationEssentials
import HTTP
import ObjectStore

/// What one request brings of an upload, on its way to an S3 store.
///
/// Bytes are collected on disk until they are a part; while one part goes up, the next is collected. What remains at the
/// end and is too little for a part becomes an object of its own, the tail; the next request takes it in again. Bytes
/// count once they are recorded; where they need a proof, all of the request's are recorded at its end.
actor PartWriter {
    private let upload: Upload
    private let turn: Turn
    private let needsProof: Bool
    private let place: PartedUploads.Place

    private var hash: ResumableSHA256
    /// What is stored.
    private var bytes: Upload.Bytes
    /// Parts that are stored and not recorded yet.
    private var waiting: [ObjectPart] = []
    private var sending: (part: Task<ObjectPart, any Error>, then: Upload.Bytes)?
    /// What is collected, and where it begins.
    private var file: ScratchFile?
    private var start: Int64
    private(set) var end: Int64
    /// Bytes are missing before those that are collected: they cannot be stored.
    private var isBroken = false

    init(_ upload: Upload, _ turn: Turn, needsProof: Bool, _ place: PartedUploads.Place) throws {
        self.upload = upload
        self.turn = turn
        self.needsProof = needsProof
        self.place = place
        bytes = upload.bytes
        end = bytes.stored
        start = bytes.tailKey == nil ? end : bytes.tailFrom
        hash = try bytes.sha256()
    }

    func append(_ chunk: Data) async throws {
        let file = try await opened()
        try await file.append(chunk)
        hash.update(chunk)
        end += Int64(chunk.count)
        if file.size >= PartSize.usual(upload.length) { try await send() }
    }

    /// Makes what came durable.
    /// - Returns: the upload's offset.
    func finish() async throws -> Int64 {
        if isBroken { return bytes.stored }
        try await sent()
        if let file, end > bytes.stored {
            let isLast = end == upload.length
            let isPart = file.size >= PartSize.least(upload.length)
            if bytes.multipart == nil ? isPart && !isLast : isPart || isLast {
                try await send()
                try await sent()
            } else {
                try await putTail(file, isWhole: isLast)
            }
        }
        if needsProof, bytes.stored > upload.bytes.stored { try await record() }
        return bytes.stored
    }

    /// What is collected; with it begins what the request before left as the tail.
    private func opened() async throws -> ScratchFile {
        if let file { return file }
        let new = try await place.staging.scratch()
        if start < end, let key = bytes.tailKey {
            for try await chunk in try await place.objects.read(key, range: nil) { try await new.append(chunk) }
            guard new.size == end - start else { throw ObjectStoreError(.unavailable, "a tail is not whole") }
        }
        file = new
        return new
    }

    private func putTail(_ file: ScratchFile, isWhole: Bool) async throws {
        let key = ObjectKey(workspaceID: upload.workspaceID).text
        let type = isWhole ? try await type(of: file) : MediaType.unknown.contentType
        try await turn.working { [place] in try await place.objects.put(file.region, as: key, contentType: type) }
        bytes.stored = end
        bytes.hash = hash.state
        bytes.tailKey = key
        bytes.tailFrom = start
        if !needsProof { try await record() }
    }

    /// Begins to store what is collected as a part, once the one before is stored.
    private func send() async throws {
        try await sent()
        guard let file else { return }
        isBroken = true
        let id = try await multipart(file)
        let number = try await place.parts.number(upload.id, epoch: turn.epoch)
        var then = bytes
        then.stored = end
        then.hash = hash.state
        then.tailKey = nil
        then.tailFrom = end
        let part = Task { [place, upload] in
            defer { withExtendedLifetime(file) {} }  // Its descriptor is its only name.
            return try await place.objects.putPart(file.region, of: upload.storageKey, upload: id, number: number)
        }
        sending = (part, then)
        self.file = nil
        start = end
        isBroken = false
    }

    private func sent() async throws {
        guard let (part, then) = sending else { return }
        sending = nil
        isBroken = true
        waiting.append(try await turn.working { try await part.value })
        bytes = then
        if !needsProof { try await record() }
        isBroken = false
    }

    private func record() async throws {
        try await place.parts.record(upload.id, parts: waiting, bytes: bytes, epoch: turn.epoch)
        waiting = []
    }

    /// The store's id of the multipart upload, which begins with the first part: then it is known what the content is.
    private func multipart(_ file: ScratchFile) async throws -> String {
        if let id = bytes.multipart { return id }
        let key = upload.storageKey
        let id = try await place.objects.beginParts(of: key, contentType: type(of: file))
        do { try await place.parts.begin(upload.id, multipart: id, epoch: turn.epoch) } catch {
            try? await place.objects.endParts(of: key, upload: id)
            throw error
        }
        bytes.multipart = id
        return id
    }

    private func type(of file: ScratchFile) async throws -> String {
        MediaType.detect(try await file.prefix(4096), filename: upload.filename).contentType
    }
}
