internal import FoundationEssentials

/// An empty database for one test.
public struct TestDatabase: Sendable {
    /// Its name in the cluster.
    public let name: String
    /// Its URL, over a Unix socket.
    public let url: String
    /// The cluster that it is in.
    public let cluster: PrivatePostgres
}

/// Runs a test with a database of its own in the process's shared cluster, and drops it afterwards.
/// - Throws: what `body` throws, and ``Command/Failure``.
public func withTestDatabase<T>(
    isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> sending T
) async throws -> sending T {
    let cluster = try await PrivatePostgres.shared()
    let name = "t_" + UUID().uuidString.lowercased().filter { $0 != "-" }
    _ = try await Task.detached { try cluster.psql("CREATE DATABASE \(name)") }.value
    let database = TestDatabase(name: name, url: cluster.url(name), cluster: cluster)
    do {
        let value = try await body(database)
        await drop(name, cluster)
        return value
    } catch {
        await drop(name, cluster)
        throw error
    }
}

private func drop(_ name: String, _ cluster: PrivatePostgres) async {
    _ = await Task.detached { try? cluster.psql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }.value
}
