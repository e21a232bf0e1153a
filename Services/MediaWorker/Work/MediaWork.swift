import AV
import Assets
import FoundationEssentials
import Jobs
import Outbox
import Postgres
import Primitives

/// What all kinds of work need.
struct MediaWork: Sendable {
    let storage: AssetClient
    let sandbox: DecodeSandbox
    let folders: WorkFolders
    let postgres: PostgresClient
    let outbox: Outbox
    /// Bytes of an input at most.
    let inputLimit: Int64
    /// How long the work on a whole film may take.
    let filmLimit: Duration

    /// The kinds that are done in moments, and those that may take hours: each has runners of its own.
    var quick: [String: JobRunner.Handler] { handlers { !$0.isLong } }
    var long: [String: JobRunner.Handler] { handlers { $0.isLong } }

    private func handlers(_ isWanted: (WorkKind) -> Bool) -> [String: JobRunner.Handler] {
        let kinds = WorkKind.allCases.filter(isWanted)
        return Dictionary(uniqueKeysWithValues: kinds.map { ($0.rawValue, handler(of: $0)) })
    }

    private func handler(of kind: WorkKind) -> JobRunner.Handler {
        switch kind {
        case .metadata: metadata
        case .thumbnail: thumbnail
        case .waveform: waveform
        case .proxy: proxy
        case .hls: hls
        case .transcode: transcode
        case .montage: montage
        case .photoEdit: photoEdit
        }
    }

    /// The asset that a job is about.
    func assetID(of job: Job) throws -> UUID {
        guard let id = job.assetID else { throw JobFailure("invalid_request", "No asset is named.", retriable: false) }
        return id
    }

    /// Lends a folder with the job's input in it: the asset that it is about, or one that its parameters name.
    func withInput<T: Sendable>(
        _ job: Job, asset named: UUID? = nil,
        _ body: (_ folder: String, _ input: String, _ asset: UUID) async throws -> T
    ) async throws -> T {
        let id = try named ?? assetID(of: job)
        return try await folders.with(job) { folder in
            let input = folder + "/input"
            try await storage.fetch(id, workspaceID: job.workspaceID, to: input, limit: inputLimit)
            return try await body(folder, input, id)
        }
    }

    /// The parameters of a job.
    func parameters<T: Decodable>(_ job: Job, as type: T.Type = T.self) throws -> T {
        do { return try job.payload.decode(T.self) } catch {
            throw JobFailure(
                "invalid_request", "The work's input cannot be read: \(Self.describe(error)).", retriable: false)
        }
    }

    private static func describe(_ error: any Error) -> String {
        guard case .keyNotFound(let key, _)? = error as? DecodingError else { return "it has another shape" }
        return "\(key.stringValue) is missing"
    }
}
