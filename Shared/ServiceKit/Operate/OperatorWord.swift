internal import FoundationEssentials
internal import Jobs

/// What an operator asks of a service's executable, where there is no shell: `kubectl exec deploy/… -- /usr/bin/project inbox`.
enum OperatorWord: Equatable, Sendable {
    /// Every topic and group that has dead letters.
    case piles
    /// The newest dead letters of one.
    case pile(topic: String, group: String)
    case letter(topic: String, group: String, partition: Int32, offset: Int64)
    case replay(topic: String, group: String)
    case outbox
    case inbox
    case jobs(JobStatus?)
    case job(UUID)
    case retry(UUID)
    case cancel(UUID)
    /// The usage of one word.
    case help(String)

    /// The first words of these commands.
    static let names: Set = ["dead-letters", "outbox", "inbox", "jobs"]

    /// How an answer is given.
    struct Options: Equatable, Sendable {
        /// For programs, not for people.
        var isJSON = false
        /// Lines of a list at most.
        var limit = 20
    }

    /// Words that mean nothing.
    struct Misuse: Error, Equatable {
        let reason: String
    }

    /// - Throws: ``Misuse``.
    static func parse(_ words: [String]) throws(Misuse) -> (word: OperatorWord, options: Options) {
        var options = Options()
        var status: JobStatus?
        var plain: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--help", "-h": return (.help(words.first ?? ""), options)
            case "--json": options.isJSON = true
            case "--limit": options.limit = try limit(rest.popFirst())
            case "--status":
                status = rest.popFirst().flatMap { JobStatus(rawValue: $0) }
                guard status != nil else {
                    let all = JobStatus.allCases.map(\.rawValue).joined(separator: ", ")
                    throw Misuse(reason: "--status needs one of \(all)")
                }
            case _ where word.hasPrefix("-"): throw Misuse(reason: "unknown option \(word)")
            default: plain.append(word)
            }
        }
        let word = try meaning(of: plain, status)
        if status != nil, word != .jobs(status) { throw Misuse(reason: "--status is for jobs list") }
        return (word, options)
    }

    private static func meaning(of words: [String], _ status: JobStatus?) throws(Misuse) -> OperatorWord {
        let arguments = Array(words.dropFirst(2))
        switch (words.first, words.dropFirst().first, arguments.count) {
        case ("outbox", nil, _): return .outbox
        case ("inbox", nil, _): return .inbox
        case ("dead-letters", "list", 0): return .piles
        case ("dead-letters", "list", 2): return .pile(topic: arguments[0], group: arguments[1])
        case ("dead-letters", "replay", 2): return .replay(topic: arguments[0], group: arguments[1])
        case ("dead-letters", "show", 4):
            guard let partition = Int32(arguments[2]), let offset = Int64(arguments[3]), partition >= 0, offset >= 0
            else { throw Misuse(reason: "PARTITION and OFFSET are numbers") }
            return .letter(topic: arguments[0], group: arguments[1], partition: partition, offset: offset)
        case ("jobs", "list", 0): return .jobs(status)
        case ("jobs", "show", 1): return .job(try id(arguments[0]))
        case ("jobs", "retry", 1): return .retry(try id(arguments[0]))
        case ("jobs", "cancel", 1): return .cancel(try id(arguments[0]))
        default: throw Misuse(reason: "cannot make sense of: \(words.joined(separator: " "))")
        }
    }

    /// The value of `--limit`.
    static func limit(_ text: String?) throws(Misuse) -> Int {
        guard let limit = text.flatMap({ Int($0) }), (1...1_000).contains(limit) else {
            throw Misuse(reason: "--limit needs a number from 1 to 1000")
        }
        return limit
    }

    private static func id(_ text: String) throws(Misuse) -> UUID {
        guard let id = UUID(uuidString: text) else { throw Misuse(reason: "\(text) is no job's id") }
        return id
    }

    /// The usage of a word, or of all of them.
    static func usage(of word: String?, and own: [[String]] = []) -> String {
        usage(lines: table.filter { word == nil || $0[0].hasPrefix(word ?? "") } + own)
    }

    /// The usage of some commands, each with what it does.
    static func usage(lines: [[String]]) -> String {
        """
        \(Columns.text(lines.map { ["  " + $0[0], $0[1]] }))
        Options: --json for programs; --limit N lines of a list (20).
        Exit codes: 0 done, 1 refused or not there, 64 wrong words, 69 database or broker away, 78 settings.
        """
    }

    /// Each command with what it does.
    static let table = [
        ["dead-letters list", "topics and groups with dead letters: how many, how many to send back, the newest"],
        ["dead-letters list TOPIC GROUP", "the newest dead letters of one, with reason, origin and trace"],
        ["dead-letters show TOPIC GROUP PARTITION OFFSET", "one of them, its payload by fields"],
        ["dead-letters replay TOPIC GROUP", "sends those not sent back yet to where they came from"],
        ["replay-dlq TOPIC GROUP", "the same"],
        ["outbox", "events that wait or were refused, the cluster, the replica that sends"],
        ["inbox", "events handled; those that wait to be tried again, by key"],
        ["jobs list [--status S]", "the newest jobs of all workspaces"],
        ["jobs show ID", "one job, with who does it"],
        ["jobs retry ID", "begins a failed or cancelled job anew"],
        ["jobs cancel ID", "ends a job: at once where it waits, else as soon as its handler lets go"],
        SupportBundle.line,
    ]
}
