import AV
import Assets
import Events
import FoundationEssentials
import Images
import Jobs
import Outbox
import Postgres
import Primitives

extension MediaWork {
    /// Reads what an asset is, tells storage, and tells the fleet once.
    func metadata(_ job: Job, _ context: JobContext) async throws -> JSONValue {
        struct Input: Decodable { let kind: DecodeTask.Kind }
        let kind = try parameters(job, as: Input.self).kind
        return try await withInput(job) { folder, input, asset in
            let progress = WorkProgress(context)
            let found: ProbeResult = try await sandbox.run(
                .probe(input: input, kind: kind), .probe, in: folder, for: job.workspaceID, onProgress: progress.report)
            let facts = try facts(found, workspaceID: job.workspaceID)
            try await storage.describe(asset, facts)
            try await announce(probed(found, facts, asset: asset, kind: kind))
            return facts.metadata
        }
    }

    private func facts(_ found: ProbeResult, workspaceID: UUID) throws -> AssetFacts {
        if let image = found.image {
            return AssetFacts(
                workspaceId: workspaceID, width: image.width, height: image.height, durationMs: nil,
                metadata: try JSONValue(encoding: image))
        }
        return AssetFacts(
            workspaceId: workspaceID, width: found.media?.width, height: found.media?.height,
            durationMs: found.media?.durationMs, metadata: try JSONValue(encoding: found.media))
    }

    private func probed(_ found: ProbeResult, _ facts: AssetFacts, asset: UUID, kind: DecodeTask.Kind) throws
        -> AssetProbed
    {
        let sound = found.media?.streams.first { $0.kind == .audio }
        let isVideo = found.media?.kind == .video
        return AssetProbed(
            assetID: asset, workspaceID: facts.workspaceId, kind: found.media?.kind.rawValue ?? kind.rawValue,
            width: facts.width, height: facts.height, durationMs: facts.durationMs, fps: found.media?.fps,
            videoCodec: isVideo ? found.media?.codec : nil, audioCodec: found.media?.audioCodec,
            audioChannels: sound?.channels, sampleRate: sound?.sampleRate, metadataJSON: try JSON.text(facts.metadata))
    }

    /// Keeps what was found and publishes it, both or neither; a second try of the job publishes nothing.
    private func announce(_ probed: AssetProbed) async throws {
        try await postgres.withTransaction { tx in
            let isNew = try await tx.execute(
                """
                INSERT INTO probe (asset_id, workspace_id, kind, width, height, duration_ms, metadata)
                VALUES (\(probed.assetID), \(probed.workspaceID), \(probed.kind), \(probed.width), \(probed.height),
                    \(probed.durationMs), \(probed.metadataJSON)::jsonb)
                ON CONFLICT (asset_id) DO NOTHING
                """)
            if isNew == 1 { try await outbox.append(probed, in: tx) }
        }
    }
}
