import FoundationEssentials
import Lifecycle
import Postgres
import Telemetry
import TestKit

let quiet = Logger(service: "test", sink: MemoryLogSink())

/// A client on a database of its own, stopped afterwards.
func withClient<T: Sendable>(
    _ change: (inout PostgresConfiguration) -> Void = { _ in },
    _ body: (PostgresClient, TestDatabase) async throws -> T
) async throws -> T {
    try await withTestDatabase { database in
        // A busy machine is no fault of the code: waits are long.
        var configuration = PostgresConfiguration(url: database.url, acquireTimeout: .seconds(60))
        change(&configuration)
        let client = try PostgresClient(configuration: configuration, logger: quiet)
        return try await withRunning([client]) { try await body(client, database) }
    }
}
