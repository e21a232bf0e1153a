public import Outbox
public import Postgres

/// A read model: rows that were made of something else, and can be made of it again while they are read.
public struct Projection: Sendable {
    /// What it is made of.
    public enum Source: Sendable {
        /// Events that Kafka still holds. The handlers must do the same however often, and whatever came later, they run.
        case log([Subscription])
        /// Rows of the service's own schema. Told what it would change, or changed, by names; it changes nothing where the
        /// second argument is false.
        case rows(@Sendable (PostgresClient, Bool) async throws -> [(name: String, count: Int)])
    }

    let name: String
    let meaning: String
    let source: Source

    /// - Parameters:
    ///   - name: one word, for the command line.
    ///   - meaning: what it is, and what cannot be made again, for an operator.
    public init(_ name: String, _ meaning: String, from source: Source) {
        self.name = name
        self.meaning = meaning
        self.source = source
    }
}

extension OperatorCommand {
    /// The words `projections list` and `projections rebuild` for a service's read models.
    public static func projections(_ all: @escaping @Sendable (Settings) -> [Projection]) -> [OperatorCommand] {
        [
            OperatorCommand("projections list", "read models of this service, what they are made of") {
                settings, _, _ in
                let entries = all(settings).map {
                    Projection.Entry(name: $0.name, source: $0.source.text, meaning: $0.meaning)
                }
                return OperatorAnswer(
                    text: Columns.text(
                        [["NAME", "MADE OF", "MEANING"]] + entries.map { [$0.name, $0.source, $0.meaning] }),
                    document: entries)
            },
            OperatorCommand(
                "projections rebuild", arguments: ["NAME"], changes: true,
                "makes one anew while it is read; says what its source does not have any more",
                patience: .seconds(86_400)
            ) { settings, platform, call in
                let names = all(settings).map(\.name).joined(separator: ", ")
                guard let projection = all(settings).first(where: { $0.name == call.arguments[0] }) else {
                    throw OperatorRefusal(reason: "there is no projection \(call.arguments[0]); there are \(names)")
                }
                return try await projection.rebuild(platform, applies: call.applies)
            },
        ]
    }
}

extension Projection.Source {
    fileprivate var text: String {
        switch self {
        case .log: "events in Kafka"
        case .rows: "own rows"
        }
    }
}

extension Projection {
    fileprivate struct Entry: Encodable, Sendable { let name, source, meaning: String }

    private struct Report: Encodable, Sendable {
        let name: String
        let applied: Bool
        var topics: [EventLog.Extent]?
        var outcome: EventLog.Outcome?
        var rows: [String: Int]?
    }

    fileprivate func rebuild(_ platform: Platform, applies: Bool) async throws -> OperatorAnswer {
        var report = Report(name: name, applied: applies)
        switch source {
        case .rows(let make):
            let rows = try await make(platform.postgres, applies)
            report.rows = Dictionary(rows.map { ($0.name, $0.count) }) { $1 }
            return OperatorAnswer(text: Columns.pairs(rows.map { ($0.name, "\($0.count)") }), document: report)
        case .log(let subscriptions):
            let kafka = platform.configuration.kafka
            let topics = try await EventLog.extents(of: subscriptions, settings: kafka, logger: platform.logger)
            report.topics = topics
            var text = Columns.text(
                [["TOPIC", "RECORDS", "SINCE"]] + topics.map { [$0.topic, "\($0.records)", $0.oldest ?? "-"] })
            if applies {
                let outcome = try await EventLog.replay(
                    subscriptions, settings: kafka, postgres: platform.postgres, logger: platform.logger)
                report.outcome = outcome
                text += "read \(outcome.read) records: \(outcome.taken) events taken, \(outcome.refused) refused\n"
            }
            text += "What was before that is not there any more: rows made of it stay as they are.\n"
            return OperatorAnswer(text: text, document: report)
        }
    }
}
