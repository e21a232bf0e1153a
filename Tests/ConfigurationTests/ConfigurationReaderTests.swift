import Configuration
import FoundationEssentials
import Testing

@Suite("Configuration")
struct ConfigurationReaderTests {
    private struct Settings: Configurable {
        let text: String
        let count: Int
        let share: Double
        let isOn: Bool
        let wait: Duration
        let url: String
        let secret: String
        let nickname: String?

        init(_ read: inout ConfigurationReader) {
            text = read.string("TEXT", default: "a", choices: ["a", "b"], "One of two.")
            count = read.int("COUNT", in: 1...10, "How many.")
            share = read.number("SHARE", default: 0.5, in: 0...1, "A share.")
            isOn = read.bool("ON", default: false, "A switch.")
            wait = read.milliseconds("WAIT_MS", default: 100, in: 0...1_000, "A wait.")
            url = read.url("URL", default: "http://127.0.0.1", "An address.")
            secret = read.secret("SECRET", minimumLength: 8, "A secret.")
            nickname = read.optional("NICKNAME", "A name.")
        }
    }

    @Test("what is set is read, the rest has its default")
    func reads() {
        var reader = ConfigurationReader(environment: [
            "COUNT": "7", "SECRET": "long enough", "TEXT": "b", "ON": "true", "WAIT_MS": "5", "SHARE": "0.25",
            "URL": "https://example.org/x", "NICKNAME": "n",
        ])
        let settings = Settings(&reader)
        #expect(reader.faults.isEmpty)
        #expect(settings.text == "b" && settings.count == 7 && settings.share == 0.25 && settings.isOn)
        #expect(settings.wait == .milliseconds(5) && settings.url == "https://example.org/x")
        #expect(settings.nickname == "n")
        var sparse = ConfigurationReader(environment: ["COUNT": "1", "SECRET": "long enough"])
        let defaults = Settings(&sparse)
        #expect(sparse.faults.isEmpty)
        #expect(defaults.text == "a" && defaults.share == 0.5 && !defaults.isOn && defaults.nickname == nil)
    }

    @Test("every fault is named at once, and no value of a secret")
    func faults() {
        var reader = ConfigurationReader(environment: [
            "TEXT": "c", "COUNT": "11", "SHARE": "2", "ON": "yes", "WAIT_MS": "-1", "URL": "ftp://x", "SECRET": "short",
        ])
        _ = Settings(&reader)
        #expect(reader.faults.map(\.name) == ["TEXT", "COUNT", "SHARE", "ON", "WAIT_MS", "URL", "SECRET"])
        #expect(!reader.faults.contains { $0.description.contains("short") })
        var empty = ConfigurationReader(environment: [:])
        _ = Settings(&empty)
        #expect(
            empty.faults.map(\.description) == ["COUNT: is required and not set", "SECRET: is required and not set"])
    }

    @Test("a secret may come from a file")
    func secretFile() throws {
        let path = FileManager.default.temporaryDirectory.path + "/secret-\(UUID().uuidString)"
        try Data("from a file\n".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        var reader = ConfigurationReader(environment: ["COUNT": "1", "SECRET_FILE": path])
        #expect(Settings(&reader).secret == "from a file")
        var missing = ConfigurationReader(environment: ["COUNT": "1", "SECRET_FILE": path + ".not"])
        _ = Settings(&missing)
        #expect(missing.faults.map(\.name) == ["SECRET_FILE"])
    }

    @Test("what is declared is what is documented")
    func declarations() {
        var reader = ConfigurationReader(environment: [:])
        _ = Settings(&reader)
        #expect(reader.declarations.map(\.name).count == 8)
        #expect(reader.declarations.filter(\.isRequired).map(\.name) == ["COUNT", "SECRET"])
        #expect(reader.declarations.first { $0.name == "COUNT" }?.maximum == 10)
    }
}
