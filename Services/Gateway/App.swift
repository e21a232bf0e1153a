internal import Configuration
internal import FoundationEssentials
internal import Glibc
internal import NetworkClient
internal import ServiceKit
internal import Telemetry

/// The gateway's executable: the words of every service of the fleet, without a schema.
@main
enum App {
    private static let purpose = "the public door: tokens, limits, routes"

    static func main() async {
        exit(await perform(Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment))
    }

    /// Does what `words` say; the result is the exit code.
    static func perform(_ words: [String], environment: [String: String]) async -> Int32 {
        var reader = ConfigurationReader(environment: environment)
        let configuration = GatewayConfiguration(&reader)
        let faults =
            reader.faults
            + [ErrorReporter.fault(of: configuration.errorReports), SharedLimits.fault(of: configuration.redis)]
            .compactMap { $0 }
        switch words.first ?? "serve" {
        case "--help", "-h", "help":
            print(
                Help.text(
                    name: "gateway", purpose: purpose, declarations: reader.declarations, forOperators: false))
            print(SupportBundle.line.joined(separator: ": "))
            print("check-journey URL [SECONDS]: walks a small journey through the fleet, for `helm test`")
        case "--version": print("gateway \(Version.current)")
        case "config-schema":
            guard let text = try? Help.schema(name: "gateway", declarations: reader.declarations) else { return 1 }
            print(text)
        case "check-config", "serve":
            for fault in faults { complain("gateway: \(fault)\n") }
            guard faults.isEmpty else { return 78 }
            if words.first == "check-config" {
                print("gateway: the configuration can be used")
            } else {
                return await serve(configuration)
            }
        case "health":
            return await HealthWord.ask(
                name: "gateway", host: configuration.host, port: configuration.adminPort)
        case "support":
            var bundle = SupportBundle(
                name: "gateway", declarations: reader.declarations, faults: faults, environment: environment,
                scrubber: configuration.scrubber)
            bundle.addProcess(
                host: configuration.host, port: configuration.adminPort, http: HTTPClient(name: "gateway"))
            return await bundle.perform(words)
        case "migrate": print("gateway: has no schema")
        case "check-journey": return await JourneyCheck.perform(Array(words.dropFirst()))
        case let word:
            complain("gateway: unknown word \(word); try --help\n")
            return 64
        }
        return 0
    }

    private static func serve(_ configuration: GatewayConfiguration) async -> Int32 {
        StandardOutputSink.shared.setMinimum(LogLevel(name: configuration.logLevel) ?? .info)
        do {
            try await Gateway(configuration).run()
            return 0
        } catch let fault as ConfigurationFault {
            complain("gateway: \(fault)\n")
            return 78
        } catch {
            Logger(service: "gateway").error("ended by an error", ["error": .string(String(reflecting: error))])
            return 1
        }
    }

    private static func complain(_ text: String) {
        var line = text
        line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    }
}
