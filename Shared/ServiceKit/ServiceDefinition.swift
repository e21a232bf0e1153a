public import Configuration
internal import FoundationEssentials
internal import Glibc
internal import Jobs
internal import Outbox
public import Postgres
internal import Primitives
internal import Telemetry

/// One executable of the fleet: its name, its schema, its settings, and how it is put together.
///
/// ```swift
/// let definition = ServiceDefinition(
///     name: "user", purpose: "accounts and sessions", port: 8081, schema: "user_",
///     migrations: [Migration(id: "V0001_users", sql: PackageResources.V0001_users_sql)],
///     configuration: UserConfiguration.self
/// ) { configuration, platform in
///     Assembly(routes: …, subscriptions: …)
/// }
/// ```
public struct ServiceDefinition<Settings: Configurable>: Sendable {
    /// The name of the executable, of its consumer group and of its logs.
    public let name: String
    /// What it is for, in a few words, for `--help`.
    public let purpose: String
    /// The API's default port.
    public let port: Int
    /// The schema of Postgres that is its own; no other service reads it.
    public let schema: String
    /// The steps of that schema, in order; those of the outbox, the idempotency keys and the jobs come before them.
    public let migrations: [Migration]
    /// Puts the service together.
    package let build: @Sendable (Settings, Platform) async throws -> Assembly
    /// Whether the service has a job table (``Jobs``), whose migrations then belong to its own.
    let usesJobs: Bool
    /// Words of an operator that this service alone has.
    let commands: [OperatorCommand<Settings>]

    /// - Parameters:
    ///   - usesJobs: adds the job table to the schema.
    ///   - commands: words of an operator that this service alone has.
    ///   - build: makes the service of its settings and the platform; called once, before anything runs.
    public init(
        name: String, purpose: String, port: Int, schema: String, migrations: [Migration],
        configuration: Settings.Type = Settings.self, usesJobs: Bool = false,
        commands: [OperatorCommand<Settings>] = [],
        build: @escaping @Sendable (Settings, Platform) async throws -> Assembly
    ) {
        self.name = name
        self.purpose = purpose
        self.port = port
        self.schema = schema
        self.migrations = migrations
        self.usesJobs = usesJobs
        self.commands = commands
        self.build = build
    }

    /// The schema's modules in the order in which they are applied.
    package var modules: [(name: String, migrations: [Migration])] {
        var modules = [("outbox", Outbox.migrations), ("idempotency", Idempotency.migrations)]
        if usesJobs { modules.append(("jobs", Jobs.migrations)) }
        // A service that names the shared steps among its own gets them once.
        modules.append((name, migrations.filter { !Idempotency.migrations.contains($0) }))
        return modules
    }

    /// Does what the command line says, and ends the process.
    public func main() async -> Never {
        let words = CommandLine.arguments.dropFirst()
        exit(await perform(Array(words), environment: ProcessInfo.processInfo.environment))
    }

    /// Does what `words` say; the result is the exit code: 0, 1 for a failure, 64 for unknown words, 69 where what
    /// an operator's word needs is away, 78 for settings that cannot be used (`sysexits.h`).
    func perform(_ words: [String], environment: [String: String]) async -> Int32 {
        let read = Reading<Settings>(environment: environment, port: port)
        switch words.first {
        case "--help", "-h", "help":
            print(Help.text(name: name, purpose: purpose, declarations: read.declarations, commands: usage()))
            return 0
        case "--version":
            print("\(name) \(Version.current)")
            return 0
        case "config-schema":
            guard let text = try? Help.schema(name: name, declarations: read.declarations) else { return 1 }
            print(text)
            return 0
        case "check-config":
            guard read.report(name: name) else { return 78 }
            print("\(name): the configuration can be used")
            return 0
        case "health":
            return await HealthWord.ask(name: name, host: read.platform.host, port: read.platform.adminPort)
        case "replay-dlq":
            return await operate(["dead-letters", "replay"] + words.dropFirst(), read)
        case let word? where OperatorWord.names.contains(word):
            return await operate(words, read)
        case "support":
            return await support(words, read, environment: environment)
        case let word? where hasCommand(word):
            return await command(words, read)
        case "serve", "migrate", nil:
            guard read.report(name: name) else { return 78 }
        case let word?:
            StandardError.write("\(name): unknown word \(word); try --help")
            return 64
        }
        let host = ServiceHost(
            definition: self, settings: read.settings, platform: read.platform, scrubber: read.scrubber)
        do {
            switch words.first {
            case "migrate": try await host.migrate()
            default: try await host.serve()
            }
            return 0
        } catch {
            host.logger.error("ended by an error", ["error": .string(String(reflecting: error))])
            await ErrorReporter.flush()
            return 1
        }
    }
}

/// What was read from the environment, with everything that is wrong with it.
package struct Reading<Settings: Configurable> {
    /// The settings that every service has.
    package let platform: PlatformConfiguration
    /// The service's own.
    package let settings: Settings
    let declarations: [SettingDeclaration]
    /// Hides the secrets among them.
    let scrubber: Scrubber
    /// Everything that is wrong, at once.
    package let faults: [ConfigurationFault]

    /// - Parameters:
    ///   - environment: the variables; an empty one counts as not set.
    ///   - port: the service's default port.
    package init(environment: [String: String], port: Int) {
        var reader = ConfigurationReader(environment: environment)
        settings = Settings(&reader)
        platform = PlatformConfiguration(&reader, port: port)
        declarations = reader.declarations
        faults = reader.faults + [ErrorReporter.fault(of: platform.errorReports)].compactMap { $0 }
        let password = URL(string: platform.databaseURL)?.password()
        scrubber = Scrubber(secrets: reader.secrets + [password].compactMap { $0 })
    }

    /// Names every fault on standard error; false where there is one.
    func report(name: String) -> Bool {
        for fault in faults { StandardError.write("\(name): \(fault)") }
        return faults.isEmpty
    }
}
