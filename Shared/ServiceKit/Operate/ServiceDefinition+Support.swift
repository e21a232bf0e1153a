internal import FoundationEssentials
internal import Jobs
internal import NetworkClient
internal import Outbox
internal import Postgres
internal import Primitives
internal import Telemetry

extension ServiceDefinition {
    /// The word `support bundle`: it answers also where the settings are wrong, or everything is away.
    func support(
        _ words: [String], _ read: Reading<Settings>, environment: [String: String],
        write: @escaping @Sendable (String) -> Void = { print($0) }
    ) async -> Int32 {
        let bundle = SupportBundle(
            name: name, declarations: read.declarations, faults: read.faults, environment: environment,
            scrubber: read.scrubber)
        guard words == ["support", "bundle"], !read.platform.databaseURL.isEmpty else {
            return await bundle.perform(words, write: write)
        }
        do {
            return try await withPlatform(read) { platform in
                var whole = bundle
                whole.addProcess(
                    host: read.platform.host, port: read.platform.adminPort, http: platform.http)
                addRows(to: &whole, platform)
                return await whole.perform(words, write: write)
            }
        } catch {
            // Settings that make no client: the rest is told all the same.
            return await bundle.perform(words, write: write)
        }
    }

    private func addRows(to bundle: inout SupportBundle, _ platform: Platform) {
        let postgres = platform.postgres
        bundle.add("database") {
            let version = try await postgres.query("SHOW server_version")[0].decode(String.self)
            let tables = try await postgres.query(
                """
                SELECT c.relname::text, pg_total_relation_size(c.oid), c.reltuples::bigint FROM pg_class c
                JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY 2 DESC LIMIT 100
                """
            ).map { row -> JSONValue in
                let (name, bytes, rows) = try row.decode((String, Int64, Int64).self)
                return ["name": .string(name), "bytes": .int(bytes), "estimatedRows": .int(rows)]
            }
            return ["version": .string(version), "tables": .array(tables)]
        }
        bundle.add("migrations") {
            .array(
                try await postgres.query("SELECT module, id, applied_at FROM schema_migration ORDER BY applied_at, id")
                    .map { row in
                        let (module, id, at) = try row.decode((String, String, Date).self)
                        return ["module": .string(module), "id": .string(id), "appliedAt": .string(at.rfc3339)]
                    })
        }
        bundle.add("outbox") { try Self.json(try await OutboxReport(from: postgres, limit: 20)) }
        bundle.add("inbox") { try Self.json(try await InboxReport(from: postgres, limit: 20)) }
        bundle.add("deadLetters") {
            let piles = try await DeadLetters.piles(settings: platform.configuration.kafka, logger: platform.logger)
            // Counted only: a letter's content is somebody's.
            return .array(
                piles.filter { $0.letters > 0 }.map { pile in
                    [
                        "topic": .string(pile.topic), "group": .string(pile.group),
                        "letters": .int(Int64(pile.letters)), "waiting": .int(Int64(pile.waiting)),
                    ]
                })
        }
        guard usesJobs else { return }
        bundle.add("jobs") {
            let rows = try await postgres.query(
                """
                SELECT kind, status::text, coalesce(error_code, ''), count(*), min(created_at) FROM job
                GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT 500
                """)
            return .array(
                try rows.map { row in
                    let (kind, status, code, count, oldest) = try row.decode((String, String, String, Int64, Date).self)
                    return [
                        "kind": .string(kind), "status": .string(status), "errorCode": .string(code),
                        "count": .int(count), "oldest": .string(oldest.rfc3339),
                    ]
                })
        }
    }

    private static func json(_ report: some Encodable) throws -> JSONValue {
        try JSON.decode(JSONValue.self, from: try JSON.text(report))
    }
}
