internal import FoundationEssentials
internal import Glibc

/// A throw-away Postgres cluster of this process, without durability. It ends with the process, also when that is killed.
///
/// Tests share ``shared()`` and take a database each with ``withTestDatabase(_:)``; those that kill the server
/// ``start()`` one of their own.
public final class PrivatePostgres: Sendable {
    private let directory: String
    private let port: Int

    private init(directory: String, port: Int) {
        self.directory = directory
        self.port = port
    }

    deinit { crash() }

    /// The cluster that the tests of this process share; made when first asked for.
    public static func shared() async throws -> PrivatePostgres { try await SharedCluster.instance.get() }

    /// Makes a cluster and starts it.
    public static func start() async throws -> PrivatePostgres {
        try await Task.detached {
            let directory = "/tmp/atelier-pg-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
            let cluster = PrivatePostgres(directory: directory, port: FreePort.next())
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            if geteuid() == 0 { try Command.run("/usr/bin/chown", ["postgres", directory]) }
            // The watchdog: removes all of it when this process is gone.
            try cluster.watch()
            try runAsPostgres(
                "initdb",
                [
                    "-N", "-D", directory + "/data", "-U", "atelier", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                    "--no-instructions",
                ])
            try cluster.restart()
            return cluster
        }.value
    }

    /// The URL of a database, over the cluster's Unix socket.
    public func url(_ database: String) -> String {
        "postgresql:///\(database)?host=\(directory)&port=\(port)&user=atelier"
    }

    /// The URL of a database over TCP.
    public func tcpURL(_ database: String) -> String { "postgresql://atelier@127.0.0.1:\(port)/\(database)" }

    /// Starts the server again, after ``crash()``; returns when it answers. Blocks.
    public func restart() throws {
        try Self.runAsPostgres(
            "pg_ctl",
            [
                "-D", directory + "/data", "-w", "-t", "60", "-l", directory + "/log", "-o",
                "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=32MB "
                    + "-c max_connections=200 -c listen_addresses=127.0.0.1 -c port=\(port) "
                    + "-c unix_socket_directories=\(directory) -c autovacuum=off -c max_wal_size=256MB",
                "start",
            ])
    }

    /// Ends the server at once, as a crash would. Blocks.
    public func crash() {
        try? Self.runAsPostgres("pg_ctl", ["-D", directory + "/data", "-m", "immediate", "-w", "stop"])
    }

    /// Stops all processes of the server as they are, until ``resume()``: connections are made, and nothing is answered.
    public func pause() { signal(SIGSTOP) }

    /// Lets it go on after ``pause()``.
    public func resume() { signal(SIGCONT) }

    /// The postmaster first: meanwhile it begins no other.
    private func signal(_ number: Int32) {
        let text = try? String(contentsOfFile: directory + "/data/postmaster.pid", encoding: .utf8)
        guard let main = text?.split(separator: "\n").first.flatMap({ Int32($0) }) else { return }
        kill(main, number)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = Int32(name),
                let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let fields = stat.split(separator: ")").last?.split(separator: " "), fields.count > 1,
                Int32(fields[1]) == main
            else { continue }
            kill(pid, number)
        }
    }

    /// Runs SQL with psql and returns what it prints, without headers. Blocks.
    @discardableResult
    public func psql(_ sql: String, database: String = "postgres") throws -> String {
        try Command.run(
            Self.binary("psql"), ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url(database), "-c", sql])
    }

    private func watch() throws {
        let script = """
            while kill -0 \(getpid()) 2>/dev/null; do sleep 1; done
            kill -QUIT "$(head -1 '\(directory)/data/postmaster.pid')"; sleep 1; rm -rf '\(directory)'
            """
        _ = try Command.start("/bin/sh", ["-c", script])
    }

    private static func runAsPostgres(_ program: String, _ arguments: [String]) throws {
        // Postgres refuses to run as root.
        if geteuid() == 0 {
            try Command.run(
                "/usr/bin/setpriv",
                ["--reuid=postgres", "--regid=postgres", "--clear-groups", binary(program)] + arguments)
        } else {
            try Command.run(binary(program), arguments)
        }
    }

    private static func binary(_ name: String) -> String {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap(Int.init)
        return versions.max().map { "\(root)/\($0)/bin/\(name)" } ?? "/usr/bin/\(name)"
    }
}

/// The cluster of the process, made once.
private actor SharedCluster {
    static let instance = SharedCluster()
    private var task: Task<PrivatePostgres, any Error>?

    func get() async throws -> PrivatePostgres {
        let task = task ?? Task { try await PrivatePostgres.start() }
        self.task = task
        return try await task.value
    }
}
