import Crypto
import FoundationEssentials
import Jobs
import Postgres
import Primitives

/// The step `publish` of a workflow: makes a publication and waits for its end. A job that is begun again finds the
/// publication that it made.
struct PublishWork: Sendable {
    static let kind = "publish"
    let publications: PublicationTable
    let accounts: AccountTable
    let assets: any AssetSource
    let jobs: JobStore
    let wake: @Sendable () -> Void

    private struct Input: Decodable {
        let assetId: UUID
        let accountIds: [UUID]
        let caption: String?
        let publishAt: Date?
    }

    @Sendable func perform(_ job: Job, _ context: JobContext) async throws -> JSONValue {
        let id = try await publicationID(job)
        if try await publications.find(id, workspaceID: job.workspaceID) == nil { try await create(id, job) }
        wake()
        while true {
            guard let publication = try await publications.find(id, workspaceID: job.workspaceID) else {
                throw JobFailure("publication_gone", "The publication does not exist any more.", retriable: false)
            }
            if publication.status.isFinal { return try output(publication) }
            let done = publication.targets.count { [.published, .failed, .cancelled].contains($0.status) }
            context.progress(5 + 90 * done / max(1, publication.targets.count))
            do {
                try context.checkCancelled()
                try await Task.sleep(for: .milliseconds(250))
            } catch {
                // Told to stop by a person, or because the process ends? Only the former takes the publication back.
                await Task { await cancelIfAsked(id, job) }.value
                throw error
            }
        }
    }

    /// The publication of this step with this input: the same for every attempt of the step, whichever job does it, so
    /// that a worker that was given up can never post beside its successor. Only where the publication came to nothing
    /// before this job was asked for is there another one.
    private func publicationID(_ job: Job) async throws -> UUID {
        guard let run = job.runID, let step = job.stepID else { return .derived(from: job.id, "publication") }
        let input = SHA256.hash(try JSON.encode(job.payload)).hex
        var round = 0
        while true {
            let id = UUID.derived(from: run, "publication/\(step)/\(input)/\(round)")
            guard let earlier = try await publications.find(id, workspaceID: job.workspaceID) else { return id }
            let cameToNothing = earlier.status == .failed || earlier.status == .cancelled
            guard cameToNothing, earlier.updatedAt < job.createdAt else { return id }
            round += 1
        }
    }

    private func create(_ id: UUID, _ job: Job) async throws {
        guard let input = try? job.payload.decode(Input.self), !input.accountIds.isEmpty,
            input.accountIds.count <= NewPublication.accountLimit
        else {
            throw JobFailure("invalid_input", "The step needs assetId and accountIds.", retriable: false)
        }
        let wanted = Set(input.accountIds)
        let found = try await accounts.find(Array(wanted), workspaceID: job.workspaceID)
        guard found.count == wanted.count else {
            throw JobFailure("account_not_found", "A social account does not exist.", retriable: false)
        }
        guard try await assets.asset(input.assetId, workspaceID: job.workspaceID) != nil else {
            throw JobFailure("asset_not_found", "The asset does not exist.", retriable: false)
        }
        let new = NewPublication(
            id: id, workspaceID: job.workspaceID, userID: job.userID ?? job.workspaceID, projectID: job.projectID,
            runID: job.runID, assetID: input.assetId,
            caption: String((input.caption ?? "").prefix(NewPublication.captionLimit)),
            publishAt: input.publishAt ?? Date(), accounts: found)
        try await publications.postgres.withTransaction { try await publications.create(new, in: $0) }
    }

    private func output(_ publication: Publication) throws -> JSONValue {
        switch publication.status {
        case .published, .partiallyPublished:
            return [
                "publicationId": .string(publication.id.text), "status": .string(publication.status.rawValue),
                "targets": try JSONValue(encoding: publication.targets),
            ]
        case .cancelled: throw JobFailure("publication_cancelled", "The publication was cancelled.", retriable: false)
        default:
            let error = publication.targets.compactMap(\.error).first
            throw JobFailure(
                error?.code ?? "publication_failed", error?.message ?? "No network took the post.", retriable: false)
        }
    }

    private func cancelIfAsked(_ id: UUID, _ job: Job) async {
        guard let now = try? await jobs.job(job.id, workspaceID: job.workspaceID), now.cancelRequested else { return }
        _ = try? await publications.cancel(id, workspaceID: job.workspaceID)
    }
}
