internal import Auth
internal import Configuration
internal import NetworkClient
internal import Outbox
internal import Postgres
internal import Primitives
internal import Telemetry

extension ServiceDefinition {
    /// Whether words begin like one of the service's own commands.
    func hasCommand(_ word: String) -> Bool { commands.contains { $0.words.first == word } }

    /// The usage of the service's own commands, or of those that begin with a word.
    func usage(of word: String? = nil) -> [[String]] {
        commands.filter { word == nil || $0.words.first == word }.map(\.line)
    }

    /// Does one of the service's own commands and writes the answer; the exit codes are those of ``operate(_:_:within:write:)``.
    package func command(
        _ said: [String], _ read: Reading<Settings>, write: @Sendable (String) -> Void = { print($0, terminator: "") }
    ) async -> Int32 {
        let usage = "Usage: \(name) WORDS, as in\n\(OperatorWord.usage(lines: usage(of: said.first)))"
        if said.dropFirst().first.map({ $0 == "--help" || $0 == "-h" }) ?? false {
            write(usage + "\n")
            return 0
        }
        let call: OperatorCall
        // The longest: `scan` is not `scan again`.
        let command = commands.filter { said.starts(with: $0.words) }.max { $0.words.count < $1.words.count }
        do {
            guard let command else {
                throw OperatorWord.Misuse(reason: "cannot make sense of: \(said.joined(separator: " "))")
            }
            call = try command.parse(said)
        } catch {
            StandardError.write("\(name): \((error as? OperatorWord.Misuse)?.reason ?? "\(error)")\n\n\(usage)")
            return 64
        }
        guard let command, !call.asksForHelp else {
            write(usage + "\n")
            return 0
        }
        guard read.report(name: name) else { return 78 }
        do {
            let answer = try await withPlatform(read, patience: command.patience) { platform in
                try await withDeadline(command.patience, said.joined(separator: " ")) {
                    try await command.perform(read.settings, platform, call)
                }
            }
            let advice = command.changes && !call.applies ? "Nothing was changed; with --apply it is done.\n" : ""
            write(call.isJSON ? try JSON.text(answer.document) + "\n" : answer.text + advice)
            return 0
        } catch {
            let (code, reason) = Self.verdict(error)
            StandardError.write("\(name): \(reason)")
            return code
        }
    }

    /// What a command is given: the platform of a process that serves nobody.
    func withPlatform<T: Sendable>(
        _ read: Reading<Settings>, patience: Duration = .seconds(20), _ body: (Platform) async throws -> T
    ) async throws -> T {
        let logger = Logger(service: name, sink: StandardErrorSink())
        // The pool is that of one question at a time.
        let postgres = try PostgresClient(
            configuration: PostgresConfiguration(
                url: read.platform.databaseURL, schema: schema, applicationName: "atelier-\(name)-operator",
                poolSize: 2, statementTimeout: patience),
            logger: logger)
        let running = Task { try await postgres.run() }
        defer { running.cancel() }
        let http = HTTPClient(name: name)
        let tokens = ServiceTokens(secret: read.platform.serviceSecret, service: name)
        let checks = try TokenChecks(user: read.platform.peers.user, tokens: tokens, http: http, logger: logger)
        return try await body(
            Platform(
                name: name, configuration: read.platform, logger: logger, metrics: MetricsRegistry(),
                postgres: postgres, outbox: Outbox(source: name), http: http, tokens: checks.verifier,
                serviceTokens: tokens))
    }
}

/// The log of a word whose answer is read from standard output.
struct StandardErrorSink: LogSink {
    let minimum = LogLevel.error
    func write(_ line: LogLine) { StandardError.write(line.json) }
}
