internal import Configuration
internal import Jobs
internal import Messaging
internal import Postgres
internal import Primitives
internal import Telemetry

extension ServiceDefinition {
    /// Does an operator's words and writes the answer; the result is the exit code: 0, 1 for what is refused or not
    /// there, 64 for wrong words, 69 where the database or the broker is away, 78 for settings.
    func operate(
        _ words: [String], _ read: Reading<Settings>, within limit: Duration = .seconds(30),
        write: @Sendable (String) -> Void = { print($0, terminator: "") }
    ) async -> Int32 {
        let word: OperatorWord
        let options: OperatorWord.Options
        do { (word, options) = try OperatorWord.parse(words) } catch {
            let usage = "Usage: \(name) WORDS, as in\n\(OperatorWord.usage(of: words.first))"
            StandardError.write("\(name): \(error.reason)\n\n\(usage)")
            return 64
        }
        if case .help(let first) = word {
            write("Usage: \(name) WORDS, as in\n\(OperatorWord.usage(of: first))\n")
            return 0
        }
        guard read.report(name: name) else { return 78 }
        do {
            let answer = try await withPlatform(read) { platform in
                let desk = OperatorDesk(
                    name: name, usesJobs: usesJobs, kafka: read.platform.kafka, postgres: platform.postgres,
                    logger: platform.logger, limit: options.limit)
                // To send back takes as long as there is something to send back.
                if case .replay = word { return try await desk.answer(word) }
                return try await withDeadline(limit, words.joined(separator: " ")) { try await desk.answer(word) }
            }
            write(options.isJSON ? try JSON.text(answer.document) + "\n" : answer.text)
            return 0
        } catch {
            let (code, reason) = Self.verdict(error)
            StandardError.write("\(name): \(reason)")
            return code
        }
    }

    /// The exit code of an error, and what is said of it.
    static func verdict(_ error: any Error) -> (Int32, String) {
        switch error {
        case let error as OperatorDesk.Refusal: return (1, error.reason)
        case let error as PostgresError where ["42P01", "3F000"].contains(error.sqlState):
            return (69, "the schema is not there yet: \(error); run the word migrate")
        case let error as PostgresError where error.isRetriable || error.outcomeUnknown:
            return (69, "the database is away or busy: \(error.debugDescription)")
        case let error as PostgresError where error.isQueryCanceled:
            return (69, "the database takes too long: \(error)")
        case let error as PostgresTransactionError where error.isRetriable || error.outcomeUnknown:
            return (69, "the database is away or busy: \(error)")
        case let error as KafkaError: return (error.isRetriable ? 69 : 1, "the broker: \(error)")
        case let error as DeadlineExceeded: return (69, "no answer in time: \(error)")
        default: return (1, "\(error)")
        }
    }
}
