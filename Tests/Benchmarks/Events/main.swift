import Events
import FoundationEssentials
import Lifecycle
import Messaging
import Outbox
import Postgres
import Primitives
import Synchronization
import Telemetry

// Measures the way of an event: from the commit of the change that causes it to the commit of its effect elsewhere.
//   event-bench RATE SECONDS        RATE 0 asks for as much as it can take
// DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS say where. Prints one JSON object.
let arguments = CommandLine.arguments
let rate = arguments.count > 1 ? Double(arguments[1]) ?? 500 : 500
let seconds = arguments.count > 2 ? Double(arguments[2]) ?? 10 : 10
let environment = ProcessInfo.processInfo.environment
let bench = try EventBench(
    database: environment["DATABASE_URL"] ?? "", kafka: environment["KAFKA_BOOTSTRAP_SERVERS"] ?? "127.0.0.1:9092")
print(try await bench.run(rate: rate, seconds: seconds))
