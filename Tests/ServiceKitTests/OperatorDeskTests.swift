import Configuration
import Events
import FoundationEssentials
import Jobs
import Lifecycle
import Messaging
import Postgres
import Primitives
import Synchronization
import Telemetry
import TestKit
import Testing

@testable import Outbox
@testable import ServiceKit

/// A worker's executable on a database of its own.
private struct Executable: Sendable {
    let definition = ServiceDefinition(
        name: "publisher", purpose: "a sample", port: 9000, schema: "sample", migrations: [],
        configuration: NoConfiguration.self, usesJobs: true
    ) { _, _ in Assembly() }
    var environment = ["SERVICE_SECRET": "0123456789012345678901234567890123456789"]

    init(database: String = "postgresql:///x", broker: String = "127.0.0.1:1") {
        environment["DATABASE_URL"] = database
        environment["KAFKA_BOOTSTRAP_SERVERS"] = broker
    }

    /// The exit code, and what stood on standard output.
    func say(_ words: String) async -> (code: Int32, text: String) {
        let written = Mutex("")
        let read = Reading<NoConfiguration>(environment: environment, port: 9000)
        let code = await definition.operate(words.split(separator: " ").map(String.init), read) { text in
            written.withLock { $0 += text }
        }
        return (code, written.withLock { $0 })
    }

    func json(_ words: String) async throws -> JSONValue {
        let answer = await say(words + " --json")
        try #require(answer.code == 0)
        return try JSON.decode(JSONValue.self, from: answer.text)
    }

    /// With the schema applied, and a client of it.
    static func with(_ body: (Executable, PostgresClient) async throws -> Void) async throws {
        try await withTestDatabase { database in
            let executable = Executable(database: database.url)
            try #require(await executable.definition.perform(["migrate"], environment: executable.environment) == 0)
            let client = try PostgresClient(
                configuration: PostgresConfiguration(url: database.url, schema: "sample"), logger: silent)
            try await withRunning([client]) { try await body(executable, client) }
        }
    }
}

private let silent = Logger(service: "test", sink: MemoryLogSink())

@Suite("What an operator is told")
struct OperatorDeskTests {
    @Test("a database or a broker that is away, and a schema that is not there, end with 69")
    func away() async throws {
        let nowhere = Executable(database: "postgresql://127.0.0.1:1/x")
        async let list = nowhere.say("dead-letters list")
        async let replay = nowhere.say("dead-letters replay t g")
        for words in ["outbox", "inbox", "jobs list"] { #expect(await nowhere.say(words) == (69, "")) }
        #expect(await list == (69, ""))
        #expect(await replay == (69, ""))
        try await withTestDatabase { database in
            #expect(await Executable(database: database.url).say("outbox").code == 69)
        }
    }

    @Test("the outbox: what waits, since when, what was refused and why, the cluster, who sends")
    func outbox() async throws {
        try await Executable.with { executable, client in
            #expect(
                await executable.say("outbox").text
                    == "waiting  0\nrefused  0\ncluster  none yet\nsends    no replica\n")
            let owner = UUID.v7()
            let (waiting, refused) = (UUID.v7(), UUID.v7())
            try await client.execute(
                """
                INSERT INTO outbox (event_id, topic, key, headers, value, created_at, sent_at, failure) VALUES
                    (\(waiting), 't', 'k', '{}', '', now() - interval '90 minutes', NULL, NULL),
                    (\(refused), 't', 'k', '{"ce_type": "a.B"}', '', now(), 'infinity', 'kafka too_large: 9'),
                    (\(UUID.v7()), 't', 'k', '{}', '', now(), now(), NULL)
                """)
            try await client.execute("INSERT INTO outbox_cluster (cluster_id) VALUES ('c-1')")
            try await client.execute(
                "INSERT INTO outbox_lease (owner, until) VALUES (\(owner), now() - interval '1 minute')")
            let report = try await executable.json("outbox")
            #expect(report["waiting"] == 1)
            #expect(report["refused"] == 1)
            #expect((report["oldestSeconds"]?.doubleValue ?? 0) >= 5_400)
            #expect(report["cluster"] == "c-1")
            #expect(report["lease"]?["owner"]?.stringValue == owner.text)
            #expect(report["lease"]?["isOver"] == true)
            let refusals = try #require(report["refusals"]?.arrayValue)
            #expect(refusals.map { $0["eventId"]?.stringValue } == [refused.text])
            #expect(refusals[0]["reason"] == "kafka too_large: 9")
            let text = await executable.say("outbox").text
            #expect(text.contains("oldest   1h 30m\n") && text.contains("kafka too_large: 9\n"))
        }
    }

    @Test("the inbox: what was handled, and the keys that wait with attempts and error")
    func inbox() async throws {
        try await Executable.with { executable, client in
            #expect(
                await executable.say("inbox").text
                    == "nothing was handled yet\n\n0 events wait to be tried again\n")
            let ids = (0..<3).map { _ in UUID.v7() }
            try await client.execute("INSERT INTO inbox (consumer, event_id) SELECT 'g', unnest(\(ids)::uuid[])")
            for (index, key) in ["a", "b", "a"].enumerated() {
                try await client.execute(
                    """
                    INSERT INTO inbox_parked (consumer, event_id, topic, partition, "offset", key, headers, value,
                        attempts, error)
                    VALUES ('g', \(ids[index]), 't', 0, \(index), \(key), '{"ce_type": "a.B"}', '', \(3 - index),
                        \("fault \(index)"))
                    """)
            }
            let report = try await executable.json("inbox")
            #expect(report["consumers"]?.arrayValue?.map { $0["handled"] } == [3])
            #expect(report["parked"] == 3)
            let keys = try #require(report["keys"]?.arrayValue)
            #expect(keys.map { $0["key"] } == ["a", "b"])
            #expect(keys.map { $0["events"] } == [2, 1])
            #expect(keys.map { $0["attempts"] } == [3, 2])
            #expect(keys.map { $0["error"] } == ["fault 0", "fault 1"])
            #expect(try await executable.json("inbox --limit 1")["keys"]?.arrayValue?.count == 1)
            #expect(await executable.say("inbox").text.contains("fault 1\n"))
        }
    }

    @Test("jobs are listed, shown without secrets, begun anew and ended as the service does it, and told of")
    func jobs() async throws {
        try await Executable.with { executable, client in
            let workspace = UUID.v7()
            func job(_ status: JobStatus, run: UUID? = nil) async throws -> UUID {
                let request = JobRequest(
                    kind: "publish", workspaceID: workspace, runID: run, payload: ["accessToken": "hush", "n": 7])
                try await client.withTransaction { tx in _ = try await JobStore(client).enqueue(request, in: tx) != nil
                }
                try await client.execute(
                    "UPDATE job SET status = \(status), error_code = 'late' WHERE id = \(request.id)")
                return request.id
            }
            func told() async throws -> [String] {
                try await client.query("SELECT headers->>'ce_type' || ' ' || key FROM outbox ORDER BY seq").map {
                    try $0.decode(String.self)
                }
            }
            let (failed, waiting, done) = (try await job(.failed), try await job(.pending), try await job(.succeeded))
            let running = try await job(.running)
            let step = try await job(.failed, run: .v7())

            let list = try await executable.json("jobs list")
            #expect(list["counts"]?["failed"] == 2)
            #expect(list["jobs"]?.arrayValue?.count == 5)
            let some = try await executable.json("jobs list --status pending")
            #expect(some["jobs"]?.arrayValue?.map { $0["id"]?.stringValue } == [waiting.text])
            let shown = await executable.say("jobs show \(failed.text)").text
            #expect(shown.contains("late") && shown.contains("(hidden)") && !shown.contains("hush"))
            #expect(try await told() == [])

            // Twice the same: the second time nothing changes and nothing is told.
            for _ in 0..<2 {
                #expect(try await executable.json("jobs retry \(failed.text)")["status"] == "pending")
                #expect(try await executable.json("jobs cancel \(waiting.text)")["status"] == "cancelled")
                #expect(try await executable.json("jobs cancel \(running.text)")["cancelRequested"] == true)
            }
            let type = WorkChanged.messageName
            let known = try await told()
            #expect(known.map { String($0.prefix(type.count)) } == [type, type])
            #expect(await executable.say("jobs cancel \(waiting.text)").text.hasPrefix("nothing to change\n"))

            // What cannot be, is not.
            for words in ["cancel \(done.text)", "retry \(done.text)", "retry \(step.text)", "show \(UUID.v7().text)"] {
                #expect(await executable.say("jobs \(words)") == (1, ""))
            }
            #expect(try await told() == known)
        }
    }

    @Test("a service without a job table says so")
    func noJobs() async throws {
        try await Executable.with { executable, client in
            let desk = OperatorDesk(
                name: "publisher", usesJobs: false, kafka: KafkaSettings(bootstrapServers: ""), postgres: client,
                logger: silent)
            await #expect(throws: OperatorDesk.Refusal.self) { _ = try await desk.answer(.jobs(nil)) }
        }
    }

    @Test("dead letters: counted, listed, shown by fields without secrets, sent back once")
    func deadLetters() async throws {
        let broker = try MockBroker()
        let executable = Executable(broker: broker.address)
        #expect(await executable.say("dead-letters list").text == "no dead letters\n")
        let (source, group) = ("atelier.publisher.commands.v1", "publisher")
        try broker.topic(source, partitions: 1)
        try broker.topic(DeadLetters.topic(source, group: group), partitions: 1)
        try broker.topic(DeadLetters.topic(source, group: "idle"), partitions: 1)
        let work = StartWork(
            workID: .v7(), worker: .publisher, kind: "publish", workspaceID: .v7(), userID: .v7(), attempt: 1,
            inputJSON: #"{"accessToken":"hush","title":"One"}"#)
        let trace = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e"
        let good = try OutboxEntry(work, key: "k", source: "project")
        let letters = [
            DeadLetters.entry(
                topic: source, partition: 0, offset: 7, key: "k",
                headers: good.headers.merging(["traceparent": "00-\(trace)-00f067aa0ba902b7-01"]) { $1 },
                value: good.value, group: group, reason: "failed 8 times: \u{1B}[2Jlate"),
            DeadLetters.entry(
                topic: source, partition: 0, offset: 9, key: "x", headers: ["ce_type": "a.Unknown"],
                value: Data("hush".utf8), group: group, reason: "event unknown_type"),
        ]
        let settings = KafkaSettings(bootstrapServers: broker.address, partitions: 1, replication: 1)
        let producer = try KafkaProducer(settings: settings, logger: silent)
        try await withRunning([producer]) {
            for letter in letters { for result in await producer.send([letter.record]) { _ = try result.get() } }
        }

        let piles = try #require(try await executable.json("dead-letters list").arrayValue)
        #expect(piles.map { $0["topic"]?.stringValue } == [source])
        #expect(piles[0]["letters"] == 2 && piles[0]["waiting"] == 2)
        #expect(piles[0]["newest"]?["reason"] == "event unknown_type")
        let pair = try await executable.json("dead-letters list \(source) \(group) --limit 1")
        #expect(pair["letters"]?.arrayValue?.map { $0["offset"] } == [1])
        let text = await executable.say("dead-letters list \(source) \(group)").text
        #expect(text.contains("\(source)/0/7") && text.contains(trace))
        #expect(!text.contains("\u{1B}"))

        let shown = await executable.say("dead-letters show \(source) \(group) 0 0").text
        #expect(shown.contains(work.workID.text) && shown.contains("One") && shown.contains("(hidden)"))
        let unknown = try await executable.json("dead-letters show \(source) \(group) 0 1")
        #expect(unknown["fields"] == nil && unknown["bytes"] == 4)
        #expect(unknown["unreadable"]?.stringValue?.isEmpty == false)
        for place in ["0 2", "1 0", "0 99"] {
            #expect(await executable.say("dead-letters show \(source) \(group) \(place)") == (1, ""))
        }
        for answer in [shown, text, try JSON.text(unknown)] { #expect(!answer.contains("hush")) }

        // To look changes nothing; to send back does, once.
        #expect(try await executable.json("dead-letters replay \(source) \(group)")["replayed"] == 2)
        let after = try #require(try await executable.json("dead-letters list").arrayValue)
        #expect(after[0]["letters"] == 2 && after[0]["waiting"] == 0)
        #expect(try await executable.json("dead-letters replay \(source) \(group)")["replayed"] == 0)
    }
}
