import FoundationEssentials
import HTTP
import Primitives

/// Where the bytes of uploads live until they are whole, and who may write them.
protocol UploadContent: Sendable {
    /// Runs `body` while nobody else writes this upload.
    /// - Parameter patience: how long to wait for that.
    /// - Throws: ``Problem`` 423 where it was not enough; what `body` throws.
    func alone<T: Sendable>(
        _ id: UUID, patience: Duration, _ body: @escaping @Sendable (Turn) async throws -> T
    ) async throws -> T

    /// The bytes that are durable, after what a process left behind that died.
    func offset(of upload: Upload) async throws -> Int64

    /// Adds content at the end.
    /// - Parameter body: is not announced with more bytes than the upload has room for.
    /// - Returns: the new offset, durable.
    /// - Throws: ``Problem``: 413 for more than was announced, 460 where the checksum is another; `ObjectStoreError`; what
    ///   reading throws. Bytes that came are kept, if they need no proof.
    func write(
        _ body: HTTPBody, to upload: Upload, at offset: Int64, checksum: TusProtocol.Checksum?, _ turn: Turn
    ) async throws -> Int64

    /// Makes an object of an upload that has all its bytes. May be done again.
    func store(_ upload: Upload) async throws -> Stored

    /// Takes away what there is of an upload that is over.
    func remove(_ upload: Upload) async throws

    /// The upload is over: nothing need be kept open for it.
    func forget(_ id: UUID)
}

/// What became of an upload's content.
struct Stored: Sendable {
    let key: String
    let size: Int64
    let sha256: Data
    let type: MediaType
}

extension Upload {
    /// Reads what a request brings and hands it on as it comes, each chunk with its offset.
    /// - Returns: where it ended.
    /// - Throws: ``Problem``: 413 for more than was announced, 460 where the checksum is another; what reading throws, and
    ///   what `take` throws.
    func read(
        _ body: HTTPBody, at offset: Int64, _ checksum: TusProtocol.Checksum?, _ turn: Turn,
        _ take: (_ chunk: Data, _ offset: Int64) async throws -> Void
    ) async throws -> Int64 {
        let proof = checksum.map(PartProof.init)
        var end = offset
        for try await chunk in body {
            let start = end
            end += Int64(chunk.count)
            if end > length { throw tooLong }
            try await take(chunk, start)
            proof?.update(chunk)
            turn.progress()
        }
        try proof?.check()
        return end
    }

    /// 413 for content beyond what was announced.
    var tooLong: Problem {
        Problem(
            .contentTooLarge, code: "upload_too_long", detail: "The upload was announced with \(length) bytes.",
            members: ["limitBytes": .int(length)])
    }
}
