public import Configuration
internal import FoundationEssentials
internal import HTTP
public import NetworkClient
public import Primitives
internal import Telemetry

/// One JSON document for whoever helps: what runs, how it is set up, how it does. No secret and no personal data is in
/// it; what cannot be asked, because it is away or broken, is named in its place.
public struct SupportBundle: Sendable {
    /// A part of the document.
    public typealias Section = @Sendable () async throws -> JSONValue

    private let name: String
    private let scrubber: Scrubber
    private let head: [String: JSONValue]
    private var sections: [String: Section] = [:]

    /// - Parameters:
    ///   - declarations: the settings; only these variables of the environment are told, of secrets whether they are set.
    ///   - environment: the process's variables.
    ///   - scrubber: knows the secrets.
    public init(
        name: String, declarations: [SettingDeclaration], faults: [ConfigurationFault], environment: [String: String],
        scrubber: Scrubber
    ) {
        self.name = name
        self.scrubber = scrubber
        head = [
            "service": .string(name), "version": .string(Version.current), "at": .string(Date().rfc3339),
            "configuration": .array(declarations.map { Self.told($0, environment) }),
            "faults": .array(faults.map { .string($0.description) }),
        ]
    }

    private static func told(_ setting: SettingDeclaration, _ environment: [String: String]) -> JSONValue {
        let given = environment[setting.name].flatMap { $0.isEmpty ? nil : $0 }
        if setting.kind == .secret {
            let isSet = given != nil || environment[setting.name + "_FILE"] != nil
            return ["name": .string(setting.name), "isSet": .bool(isSet)]
        }
        let value = given ?? setting.defaultValue
        return [
            "name": .string(setting.name), "value": value.map { .string($0) } ?? .null, "isSet": .bool(given != nil),
        ]
    }

    /// Adds a part, which has ten seconds to come.
    public mutating func add(_ name: String, _ section: @escaping Section) { sections[name] = section }

    /// Adds what the running process tells at its private listener: whether it is ready, its last warnings and errors,
    /// its numbers.
    public mutating func addProcess(host: String, port: Int, http: HTTPClient) {
        let base = HealthWord.base(host: host, port: port)
        for (name, path) in [("ready", "/health/ready"), ("log", "/debug/log"), ("metrics", "/metrics")] {
            add(name) {
                let answer = try await http.execute(HTTPClientRequest(.GET, base + path, timeout: .seconds(5)))
                let data = try await answer.data(upTo: 16 << 20)
                if let document = try? JSON.decode(JSONValue.self, from: data) { return document }
                return .string(String(decoding: data, as: UTF8.self))
            }
        }
    }

    /// The document.
    /// - Throws: where it cannot be written as JSON.
    public func text() async throws -> String {
        var document = head
        await withTaskGroup(of: (String, JSONValue).self) { group in
            for (name, section) in sections {
                group.addTask {
                    do { return (name, try await withDeadline(.seconds(10), name) { try await section() }) } catch {
                        return (name, ["unavailable": .string("\(error)")])
                    }
                }
            }
            for await (name, value) in group { document[name] = value }
        }
        // Numbers are text of its own form: their names would be taken for secrets.
        let metrics = document.removeValue(forKey: "metrics")
        var scrubbed = scrubber.value(.object(document)).objectValue ?? [:]
        if let text = metrics?.stringValue {
            scrubbed["metrics"] = .array(
                text.split(separator: "\n").filter { $0.first != "#" }.map { .string(scrubber.known(String($0))) })
        } else {
            scrubbed["metrics"] = metrics.map(scrubber.value)
        }
        return try JSON.text(JSONValue.object(scrubbed))
    }

    /// Writes the document, or the usage of the word; the exit code.
    public func perform(_ words: [String], write: @Sendable (String) -> Void = { print($0) }) async -> Int32 {
        if words.contains("--help") || words.contains("-h") {
            write("Usage: \(name) \(Self.line[0])\n  \(Self.line[1])")
            return 0
        }
        guard words == ["support", "bundle"], let text = try? await text() else {
            StandardError.write("\(name): cannot make sense of: \(words.joined(separator: " "))")
            return 64
        }
        write(text)
        return 0
    }

    /// The line of the usage.
    public static let line = ["support bundle", "one JSON document for whoever helps: no secrets, no personal data"]
}
