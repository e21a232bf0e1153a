internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// A throw-away Redis of one test, which keeps nothing. It ends with the process, also when that is killed.
public final class PrivateRedis: Sendable {
    /// Where it listens, on 127.0.0.1.
    public let port: Int
    private let folder: TemporaryFolder
    private let arguments: [String]
    private let process = Mutex<Int32?>(nil)

    /// Starts one; returns when it takes connections.
    /// - Parameters:
    ///   - password: of its user `default`; none where empty.
    ///   - isSecure: whether it speaks TLS alone, with a certificate for 127.0.0.1 that is its own authority.
    public init(password: String = "", isSecure: Bool = false) async throws {
        port = FreePort.next()
        folder = try TemporaryFolder("redis")
        var arguments = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.path]
        if !password.isEmpty { arguments += ["--requirepass", password] }
        if isSecure {
            let (key, certificate) = (folder.file("key.pem"), folder.file("certificate.pem"))
            _ = try await Task.detached {
                try Command.run(
                    "/usr/bin/openssl",
                    [
                        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1",
                    ])
            }.value
            arguments += [
                "--port", "0", "--tls-port", String(port), "--tls-cert-file", certificate, "--tls-key-file", key,
                "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no",
            ]
        } else {
            arguments += ["--port", String(port)]
        }
        self.arguments = arguments
        try await start()
    }

    deinit { crash() }

    /// Its URL, without a password.
    public var url: String { "redis://127.0.0.1:\(port)" }

    /// PEM file of the authority of its certificate, where it speaks TLS.
    public var authorities: String { folder.file("certificate.pem") }

    /// Starts it, also again after ``crash()``, with nothing in it; returns when it takes connections.
    public func start() async throws {
        let id = try Command.start("/usr/bin/redis-server", arguments, output: folder.file("log"))
        process.withLock { $0 = id }
        // Ends it when this process is gone.
        _ = try Command.start(
            "/bin/sh",
            [
                "-c",
                "while kill -0 \(getpid()) && kill -0 \(id); do sleep 1; done 2>/dev/null; kill -9 \(id) 2>/dev/null",
            ])
        try await eventually("Redis listens") { TCP.connect(port: self.port).map { close($0) } != nil }
    }

    /// Ends it at once, and with it all that it knew. Blocks.
    public func crash() {
        guard let id = process.withLock({ $0.take() }) else { return }
        kill(id, SIGKILL)
        _ = Command.wait(id)
    }

    /// Stops it as it is, until ``resume()``: connections are made, and nothing is answered.
    public func pause() { process.withLock { _ = $0.map { kill($0, SIGSTOP) } } }

    /// Lets it go on after ``pause()``.
    public func resume() { process.withLock { _ = $0.map { kill($0, SIGCONT) } } }
}
