internal import Events
internal import FoundationEssentials
internal import Jobs
internal import Messaging
internal import Outbox
internal import Postgres
internal import Primitives
internal import Telemetry

/// Answers what an operator asks of a service: from its own schema and from the broker, changing nothing but jobs, and
/// those by the code that the service itself uses.
struct OperatorDesk: Sendable {
    typealias Answer = OperatorAnswer
    typealias Refusal = OperatorRefusal

    let name: String
    let usesJobs: Bool
    let kafka: KafkaSettings
    let postgres: PostgresClient
    let logger: Logger
    var limit = 20

    func answer(_ word: OperatorWord) async throws -> Answer {
        switch word {
        case .piles: try await piles()
        case .pile(let topic, let group): try await pile(topic, group)
        case .letter(let topic, let group, let partition, let offset):
            try await letter(topic, group, partition, offset)
        case .replay(let topic, let group): try await replay(topic, group)
        case .outbox: try await outbox()
        case .inbox: try await inbox()
        case .jobs(let status): try await jobs(status)
        case .job(let id): try await job(id)
        case .retry(let id): try await change(id, retrying: true)
        case .cancel(let id): try await change(id, retrying: false)
        case .help(let word): Answer(text: OperatorWord.usage(of: word), document: "")
        }
    }

    // MARK: Dead letters

    private func piles() async throws -> Answer {
        let piles = try await DeadLetters.piles(settings: kafka, logger: logger).filter { $0.letters > 0 }.map {
            var pile = $0
            pile.newest = pile.newest.map(concealed)
            return pile
        }
        let rows = piles.map { pile in
            [
                pile.topic, pile.group, "\(pile.letters)", "\(pile.waiting)", pile.newest?.at ?? "-",
                pile.newest?.reason ?? "-",
            ]
        }
        return Answer(
            text: list(
                ["TOPIC", "GROUP", "LETTERS", "NOT SENT BACK", "NEWEST", "REASON"], rows, none: "no dead letters"),
            document: piles)
    }

    private func pile(_ topic: String, _ group: String) async throws -> Answer {
        struct Document: Encodable, Sendable {
            let pile: DeadLetters.Pile
            let letters: [DeadLetters.Letter]
        }
        let found = try await DeadLetters.pile(
            topic: topic, group: group, limit: limit, settings: kafka, logger: logger)
        let letters = found.letters.map(concealed)
        var pile = found.pile
        pile.newest = letters.first
        let rows = letters.map { letter in
            [
                "\(letter.partition)", "\(letter.offset)", letter.at ?? "-", letter.type ?? "-", letter.origin,
                letter.traceId ?? "-", letter.reason ?? "-",
            ]
        }
        let head = "\(pile.letters) dead letters of \(topic) for \(group), \(pile.waiting) not sent back"
        return Answer(
            text: Columns.text([[head]])
                + list(["PARTITION", "OFFSET", "AT", "TYPE", "ORIGIN", "TRACE", "REASON"], rows, none: ""),
            document: Document(pile: pile, letters: letters))
    }

    private func letter(
        _ topic: String, _ group: String, _ partition: Int32, _ offset: Int64
    ) async throws -> Answer {
        let found = try await DeadLetters.letter(
            topic: topic, group: group, partition: partition, offset: offset, settings: kafka, logger: logger)
        guard let letter = found.map(concealed) else {
            throw Refusal(reason: "there is no dead letter of \(topic) for \(group) at \(partition)/\(offset)")
        }
        var pairs: [(String, String?)] = [
            ("reason", letter.reason), ("origin", letter.origin), ("laid there", letter.at), ("type", letter.type),
            ("event", letter.eventId), ("source", letter.source), ("said", letter.time), ("key", letter.key),
            ("trace", letter.traceId), ("payload", "\(letter.bytes) bytes"), ("not readable", letter.unreadable),
        ]
        for (name, value) in (letter.fields ?? [:]).sorted(by: { $0.key < $1.key }) {
            pairs.append(("  \(name)", try text(value)))
        }
        return Answer(text: Columns.pairs(pairs), document: letter)
    }

    private func replay(_ topic: String, _ group: String) async throws -> Answer {
        struct Document: Encodable, Sendable { let replayed: Int }
        let count = try await DeadLetters.replay(topic: topic, group: group, settings: kafka, logger: logger)
        return Answer(
            text: "replayed \(count) dead letters of \(topic) for \(group)\n", document: Document(replayed: count))
    }

    private func concealed(_ letter: DeadLetters.Letter) -> DeadLetters.Letter {
        var letter = letter
        letter.fields = letter.fields.flatMap { Concealed.value(.object($0)).objectValue }
        return letter
    }

    // MARK: Outbox and inbox

    private func outbox() async throws -> Answer {
        let report = try await OutboxReport(from: postgres, limit: limit)
        let lease = report.lease.map { lease in
            let began = lease.began.map { ", began \($0.rfc3339)" } ?? ""
            return "\(lease.owner)\(began), \(lease.isOver ? "over since" : "until") \(lease.until.rfc3339)"
        }
        var text = Columns.pairs([
            ("waiting", "\(report.waiting)"), ("oldest", report.oldestSeconds.map(Columns.age)),
            ("refused", "\(report.refused)"), ("cluster", report.cluster ?? "none yet"),
            ("sends", lease ?? "no replica"),
        ])
        if !report.refusals.isEmpty {
            text +=
                "\n"
                + list(
                    ["EVENT", "AT", "TOPIC", "TYPE", "KEY", "REASON"],
                    report.refusals.map {
                        [$0.eventId, $0.createdAt.rfc3339, $0.topic, $0.type ?? "-", $0.key, $0.reason ?? "-"]
                    }, none: "")
        }
        return Answer(text: text, document: report)
    }

    private func inbox() async throws -> Answer {
        let report = try await InboxReport(from: postgres, limit: limit)
        var text = list(
            ["CONSUMER", "HANDLED", "LAST"],
            report.consumers.map { [$0.name, "\($0.handled)", $0.last?.rfc3339 ?? "-"] },
            none: "nothing was handled yet")
        text += "\n\(report.parked) events wait to be tried again\n"
        if !report.keys.isEmpty {
            text += list(
                ["KEY", "EVENTS", "FIRST", "TYPE", "ATTEMPTS", "NEXT", "ERROR"],
                report.keys.map {
                    [
                        $0.key, "\($0.events)", $0.eventId, $0.type ?? "-", "\($0.attempts)", $0.nextAt.rfc3339,
                        $0.error,
                    ]
                }, none: "")
        }
        return Answer(text: text, document: report)
    }

    func list(_ head: [String], _ rows: [[String]], none: String) -> String {
        rows.isEmpty ? (none.isEmpty ? "" : none + "\n") : Columns.text([head] + rows)
    }

    func text(_ value: JSONValue) throws -> String { try value.stringValue ?? JSON.text(value) }
}
