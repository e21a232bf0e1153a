import Assets
import FoundationEssentials
import HTTP
import Primitives
import Telemetry

/// Brings one row of the ledger as far as it goes now: asks after a post whose outcome is unknown, uploads, posts.
struct TargetSender: Sendable {
    let networks: Networks
    let tokens: AccessTokens
    let assets: any AssetSource
    let publications: PublicationTable
    let logger: Logger
    var policy = RetryPolicy()

    /// Another process has the row.
    private struct LeaseLost: Error {}

    /// Does a row and writes what became of it.
    func send(_ entry: LedgerEntry) async {
        if entry.attempts == 0, entry.status == .intent {
            MetricsRegistry.shared.observe(
                "publish_lateness_seconds", "Time from when a post was due to its first try.",
                ["platform": entry.platform], max(0, entry.lateness), buckets: MetricsRegistry.longBuckets)
        }
        let parent = entry.traceparent.flatMap { Trace(traceparent: $0) }
        await withSpan("publish \(entry.platform)", service: logger.service, parent: parent) { _ in
            let renewal = Task { [publications] in
                while !Task.isCancelled {
                    try await Task.sleep(for: .seconds(PublicationTable.lease / 3))
                    _ = try? await publications.renew(entry)
                }
            }
            defer { renewal.cancel() }
            guard let outcome = await outcome(entry) else { return }
            report(entry, outcome)
            // Also when this process is told to stop: what is known must be written.
            await Task { await write(outcome, of: entry) }.value
        }
    }

    private func outcome(_ entry: LedgerEntry) async -> LedgerOutcome? {
        var wasSent = entry.status == .unknown
        do {
            if entry.status == .unknown {
                let found = try await tokens.with(entry.accountID) { network, token in
                    try await network.find(reference: entry.reference, token)
                }
                if let found { return .confirmed(found) }
                guard policy.mayPostAgain(misses: entry.misses + 1, sentAgo: entry.sentAgo) else {
                    return .missed(after: policy.question)
                }
                // Asked often and long enough: the post was not made.
                wasSent = false
            }
            let media = try await mediaID(entry)
            guard try await publications.markSent(entry) else { throw LeaseLost() }
            wasSent = true
            let new = NewPost(mediaID: media, caption: entry.caption, reference: entry.reference)
            return .confirmed(
                try await tokens.with(entry.accountID) { network, token in try await network.post(new, token) })
        } catch is LeaseLost {
            return nil
        } catch {
            if entry.status == .unknown, wasSent, !(error is CancellationError) {
                // The question failed, not the post.
                return Self.isFinal(error)
                    ? policy.outcome(of: error, attempts: entry.attempts, wasSent: true)
                    : .missedQuestion(policy.backoff.delay(attempt: min(entry.attempts, 5)))
            }
            return policy.outcome(of: error, attempts: entry.attempts, wasSent: wasSent)
        }
    }

    private func mediaID(_ entry: LedgerEntry) async throws -> String {
        if let known = entry.mediaID { return known }
        let media = try await tokens.with(entry.accountID) { network, token in
            guard let asset = try await assets.open(entry.assetID, workspaceID: entry.workspaceID) else {
                throw NetworkFailure.refused(code: "asset_gone", message: "The asset does not exist any more.")
            }
            return try await network.upload(
                asset.body, length: asset.size, contentType: asset.contentType, token)
        }
        try await publications.note(media: media, of: entry)
        return media
    }

    private static func isFinal(_ error: any Error) -> Bool {
        if case NetworkFailure.refused = error { true } else { false }
    }

    private func write(_ outcome: LedgerOutcome, of entry: LedgerEntry) async {
        for attempt in 0..<8 {
            do { return try await publications.finish(entry, outcome) } catch {
                logger.warning(
                    "outcome cannot be written", ["ledger_id": .string(entry.id.text), "error": .string("\(error)")])
                try? await Task.sleep(for: Backoff(maximum: .seconds(5)).delay(attempt: attempt))
            }
        }
        // The lease ends, and the row is looked at again: as unknown where a post was asked for.
    }

    private func report(_ entry: LedgerEntry, _ outcome: LedgerOutcome) {
        MetricsRegistry.shared.count(
            "publish_attempts_total", "Tries to publish, by network and outcome.",
            ["platform": entry.platform, "outcome": outcome.label])
        logger.info(
            "target tried",
            [
                "publication_id": .string(entry.publicationID.text), "platform": .string(entry.platform),
                "outcome": .string(outcome.label),
            ])
    }
}

extension LedgerOutcome {
    /// A short name, for numbers and logs.
    var label: String {
        switch self {
        case .confirmed: "confirmed"
        case .failed(let code, _): code == "account_disconnected" ? "disconnected" : "failed"
        case .again(_, let code, _, _): code
        case .unknown: "unknown"
        case .missed, .missedQuestion: "asked"
        }
    }
}
