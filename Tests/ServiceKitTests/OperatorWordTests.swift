import Configuration
import FoundationEssentials
import Jobs
import Primitives
import Synchronization
import Testing

@testable import ServiceKit

@Suite("An operator's words")
struct OperatorWordTests {
    private static let id = UUID.v7()

    @Test("each says what it means")
    func meanings() throws {
        func meaning(_ text: String) throws -> OperatorWord {
            try OperatorWord.parse(text.split(separator: " ").map(String.init)).word
        }
        #expect(try meaning("outbox") == .outbox)
        #expect(try meaning("inbox --json --limit 3") == .inbox)
        #expect(try meaning("dead-letters list") == .piles)
        #expect(try meaning("dead-letters list a.b g") == .pile(topic: "a.b", group: "g"))
        #expect(
            try meaning("dead-letters show a.b g 2 17")
                == .letter(topic: "a.b", group: "g", partition: 2, offset: 17))
        #expect(try meaning("dead-letters replay a.b g") == .replay(topic: "a.b", group: "g"))
        #expect(try meaning("jobs list") == .jobs(nil))
        #expect(try meaning("jobs list --status failed") == .jobs(.failed))
        #expect(try meaning("jobs show \(Self.id.text)") == .job(Self.id))
        #expect(try meaning("jobs retry \(Self.id.text)") == .retry(Self.id))
        #expect(try meaning("jobs cancel \(Self.id.text) --json") == .cancel(Self.id))
        #expect(try meaning("jobs cancel --help") == .help("jobs"))
        #expect(try OperatorWord.parse(["inbox", "--json", "--limit", "3"]).options == .init(isJSON: true, limit: 3))
    }

    @Test(
        "what means nothing ends with 64",
        arguments: [
            "outbox now", "inbox --limit", "inbox --limit 0", "inbox --limit many", "inbox --status failed", "jobs",
            "jobs list --status lost", "jobs show", "jobs show 7", "jobs retry --status failed", "jobs dance",
            "dead-letters", "dead-letters list topic", "dead-letters show t g 0", "dead-letters show t g 0 -1",
            "dead-letters show t g one 1", "dead-letters replay t", "replay-dlq t", "outbox --yaml",
        ])
    func misuse(text: String) async {
        let definition = ServiceDefinition(
            name: "sample", purpose: "a sample", port: 9000, schema: "sample", migrations: [],
            configuration: NoConfiguration.self
        ) { _, _ in Assembly() }
        #expect(await definition.perform(text.split(separator: " ").map(String.init), environment: [:]) == 64)
    }

    @Test("help needs no settings, and all words stand in the service's own help")
    func help() async {
        let definition = ServiceDefinition(
            name: "sample", purpose: "a sample", port: 9000, schema: "sample", migrations: [],
            configuration: NoConfiguration.self
        ) { _, _ in Assembly() }
        for word in OperatorWord.names.sorted() {
            let written = Mutex("")
            let read = Reading<NoConfiguration>(environment: [:], port: 9000)
            let code = await definition.operate([word, "--help"], read) { text in written.withLock { $0 += text } }
            #expect(code == 0)
            #expect(written.withLock { $0 }.contains("\n  \(word)"))
        }
        let whole = Help.text(name: "sample", purpose: "a sample", declarations: [])
        for line in OperatorWord.table { #expect(whole.contains("\n  \(line[0])  ")) }
        let bare = Help.text(name: "gateway", purpose: "no schema", declarations: [], forOperators: false)
        #expect(!bare.contains("dead-letters"))
    }

    @Test("columns are as wide as their widest entry; nothing in them moves the cursor")
    func columns() {
        #expect(Columns.text([["A", "B"], ["long", "x"]]) == "A     B\nlong  x\n")
        #expect(Columns.text([["\u{1B}[2Jbad\nline", "x"]]) == "\u{FFFD}[2Jbad\u{FFFD}line  x\n")
        #expect(Columns.age(seconds: 0.4) == "0s")
        #expect(Columns.age(seconds: 61) == "1m 1s")
        #expect(Columns.age(seconds: 90_061) == "1d 1h")
    }

    @Test("secrets, addresses and the queries of links are hidden, at any depth, also in JSON within text")
    func concealed() throws {
        let value: JSONValue = [
            "title": "One morning", "accessToken": "a", "nested": ["client_secret": "b", "list": [["email": "c"]]],
            "link": "https://h/p?sig=d", "input_json": #"{"password":"e","n":1}"#, "maxTokens": 500,
        ]
        let text = try JSON.text(Concealed.value(value))
        #expect(
            text
                == #"{"accessToken":"(hidden)","input_json":{"n":1,"password":"(hidden)"},"link":"https://h/p?(hidden)","maxTokens":500,"nested":{"client_secret":"(hidden)","list":[{"email":"(hidden)"}]},"title":"One morning"}"#
        )
    }
}
