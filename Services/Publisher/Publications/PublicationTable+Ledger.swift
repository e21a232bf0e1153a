import FoundationEssentials
import Postgres
import Primitives

extension PublicationTable {
    /// How long a row stays with a process that says nothing.
    static let lease = 60

    /// Takes rows that are due. What is begun is written before anything is asked of a network; a row that a dead process
    /// left as `sent` is one whose outcome is unknown.
    func claim(_ limit: Int) async throws -> [LedgerEntry] {
        try await postgres.withTransaction(retries: 3) { tx in
            let ids = try await tx.query(
                """
                WITH due AS (
                    SELECT ledger.id FROM ledger LEFT JOIN social_account AS account ON account.id = ledger.account_id
                    WHERE ledger.status IN ('waiting', 'intent', 'sent', 'unknown') AND ledger.next_at <= now()
                        AND (ledger.lease_until IS NULL OR ledger.lease_until < now())
                        AND (account.blocked_until IS NULL OR account.blocked_until <= now())
                    ORDER BY ledger.next_at LIMIT \(limit) FOR UPDATE OF ledger SKIP LOCKED
                )
                UPDATE ledger SET lease_until = now() + make_interval(secs => \(Self.lease)), fence = fence + 1,
                    status = CASE status WHEN 'waiting' THEN 'intent' WHEN 'sent' THEN 'unknown' ELSE status END,
                    updated_at = now()
                FROM due WHERE ledger.id = due.id RETURNING ledger.id
                """
            ).map { try $0.decode(UUID.self) }
            if ids.isEmpty { return [] }
            let begun = try await tx.query(
                """
                SELECT DISTINCT publication.id FROM publication JOIN ledger ON ledger.publication_id = publication.id
                WHERE ledger.id = ANY(\(ids)::uuid[]) AND publication.status = 'scheduled' ORDER BY publication.id
                """
            ).map { try $0.decode(UUID.self) }
            for id in begun { try await announce(id, in: tx) }
            return try await tx.query(
                """
                SELECT ledger.id, publication_id, ledger.workspace_id, account_id, platform, idempotency_key,
                    ledger.status, media_id, attempts, misses, fence,
                    extract(epoch FROM now() - sent_at)::float8, asset_id, caption, traceparent,
                    extract(epoch FROM now() - publication.publish_at)::float8
                FROM ledger JOIN publication ON publication.id = publication_id WHERE ledger.id = ANY(\(ids)::uuid[])
                ORDER BY ledger.next_at
                """
            ).map(Self.entry)
        }
    }

    private static func entry(_ row: PostgresRow) throws -> LedgerEntry {
        let (id, publication, workspace, account, platform, reference, status, media) = try row.decode(
            (UUID, UUID, UUID, UUID, String, String, LedgerStatus, String?).self)
        let (attempts, misses, fence, sentAgo, asset, caption, trace, lateness) = try row.decode(
            (Int, Int, Int64, Double?, UUID, String, String?, Double).self, from: 8)
        return LedgerEntry(
            id: id, publicationID: publication, workspaceID: workspace, accountID: account, platform: platform,
            reference: reference, status: status, mediaID: media, attempts: attempts, misses: misses, fence: fence,
            sentAgo: sentAgo, assetID: asset, caption: caption, traceparent: trace, lateness: lateness)
    }

    /// Keeps a row for longer; false where it is somebody else's by now.
    func renew(_ entry: LedgerEntry) async throws -> Bool {
        try await postgres.execute(
            """
            UPDATE ledger SET lease_until = now() + make_interval(secs => \(Self.lease))
            WHERE id = \(entry.id) AND fence = \(entry.fence)
            """) > 0
    }

    /// Keeps the id of uploaded content, so that it is not uploaded again.
    func note(media: String, of entry: LedgerEntry) async throws {
        try await postgres.execute(
            "UPDATE ledger SET media_id = \(media) WHERE id = \(entry.id) AND fence = \(entry.fence)")
    }

    /// Writes that the post is asked for now. False where the row is somebody else's: then nothing may be asked.
    func markSent(_ entry: LedgerEntry) async throws -> Bool {
        try await postgres.execute(
            """
            UPDATE ledger SET status = 'sent', sent_at = now(), misses = 0, updated_at = now()
            WHERE id = \(entry.id) AND fence = \(entry.fence)
            """) > 0
    }

    /// Writes what became of a try; without effect where the row is somebody else's.
    func finish(_ entry: LedgerEntry, _ outcome: LedgerOutcome) async throws {
        try await postgres.withTransaction(retries: 3) { tx in
            let written = try await tx.execute(
                """
                UPDATE ledger SET \(Self.change(outcome)), lease_until = NULL, updated_at = now()
                WHERE id = \(entry.id) AND fence = \(entry.fence)
                """)
            guard written > 0 else { return }
            if case .again(let wait, _, _, true) = outcome {
                try await tx.execute(
                    """
                    UPDATE social_account
                    SET blocked_until = greatest(blocked_until, now() + make_interval(secs => \(wait.seconds)))
                    WHERE id = \(entry.accountID)
                    """)
            }
            switch outcome {
            case .missed, .missedQuestion: return
            default: break
            }
            try await announce(entry.publicationID, in: tx)
        }
    }

    private static func change(_ outcome: LedgerOutcome) -> PostgresQuery {
        switch outcome {
        case .confirmed(let post):
            """
            status = 'confirmed', post_id = \(post.id), post_url = \(post.url), error_code = NULL,
            error_message = NULL, confirmed_at = now(), metrics_at = now()
            """
        case .failed(let code, let message):
            "status = 'failed', error_code = \(code), error_message = \(message)"
        case .again(let wait, let code, let message, _):
            """
            status = 'waiting', attempts = attempts + 1, error_code = \(code), error_message = \(message),
            next_at = now() + make_interval(secs => \(wait.seconds))
            """
        case .unknown(let wait, let message):
            """
            status = 'unknown', attempts = attempts + 1, error_code = 'outcome_unknown', error_message = \(message),
            next_at = now() + make_interval(secs => \(wait.seconds))
            """
        case .missedQuestion(let wait):
            "attempts = attempts + 1, next_at = now() + make_interval(secs => \(wait.seconds))"
        case .missed(let wait):
            "misses = misses + 1, next_at = now() + make_interval(secs => \(wait.seconds))"
        }
    }
}
