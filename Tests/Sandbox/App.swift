import Configuration
import FoundationEssentials
import Glibc
import HTTP
import HTTPServer
import Lifecycle
import Telemetry

/// The world outside the fleet, on one machine: a broker, a social network, providers, a mail box, a trace collector.
/// It keeps what it was sent, can be told to fail as the real ones fail, and shows it all on one page.
@main
enum App {
    static func main() async {
        var reader = ConfigurationReader(environment: ProcessInfo.processInfo.environment)
        let settings = SandboxConfiguration(&reader)
        for fault in reader.faults { StandardError.write("sandbox: \(fault)") }
        guard reader.faults.isEmpty else { exit(78) }
        let logger = Logger(service: "sandbox")
        do {
            // The broker first: services wait for it, and its port must be the one they were told.
            let broker = settings.brokerPort > 0 ? try EmbeddedBroker(port: settings.brokerPort) : nil
            let history = History(path: settings.history)
            let faults = FaultPlan()
            let network = try SocialNetwork(
                folder: settings.folder, publicURL: settings.publicURL, history: history, faults: faults)
            let providers = ProviderImitations(history: history, faults: faults)
            let traces = TraceCollector()
            let mail = MailSink(port: settings.smtpPort, history: history, faults: faults)
            var routes = Router()
            network.add(to: &routes)
            providers.add(to: &routes)
            traces.add(to: &routes)
            ControlRoutes(history: history, faults: faults, mail: mail).add(to: &routes)
            SandboxPage(network: network, history: history, mail: mail).add(to: &routes)
            let group = ServiceGroup(
                [mail, HTTPServer(router: routes, host: settings.host, port: settings.port, logger: logger)],
                logger: logger, drainDelay: .zero)
            let signals = Signals.onStop { group.stop() }
            logger.info("sandbox is up", ["port": .int(Int64(settings.port))])
            var code: Int32 = 0
            do { try await group.run() } catch {
                logger.error("sandbox ended", ["error": .string("\(error)")])
                code = 1
            }
            withExtendedLifetime((signals, broker)) {
                // Without taking the broker apart: clients may still be speaking to it.
                exit(code)
            }
        } catch {
            logger.error("sandbox ended", ["error": .string("\(error)")])
            exit(1)
        }
    }
}

/// The settings of the sandbox.
struct SandboxConfiguration: Configurable {
    let host: String
    let port: Int
    let brokerPort: Int
    let smtpPort: Int
    let folder: String
    let history: String
    let publicURL: String

    init(_ read: inout ConfigurationReader) {
        host = read.string(
            "HOST", default: "127.0.0.1", "Address to listen on; the mail box and the broker stay local.")
        port = read.int("PORT", default: 8070, in: 1...65_535, "Port of the page and of everything that speaks HTTP.")
        brokerPort = read.int("BROKER_PORT", default: 9092, in: 0...65_535, "Port of the embedded broker; 0 for none.")
        smtpPort = read.int("SMTP_PORT", default: 2525, in: 1...65_535, "Port of the mail box.")
        folder = read.string("SANDBOX_FOLDER", default: "sandbox", "Where posted media are kept.")
        history = read.string("HISTORY", default: "history.jsonl", "The log of every call, one JSON object a line.")
        publicURL = "http://\(host):\(port)"
    }
}
