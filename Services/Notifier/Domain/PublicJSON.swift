import Events
import FoundationEssentials
import Primitives

/// An event as the API shows it: `workId` for `workID`, and JSON within text opened up, `output` for `outputJSON`.
enum PublicJSON {
    /// Text longer than this is left out; whoever wants it asks the API.
    private static let longest = 16_384

    static func object(_ payload: some EventPayload) throws -> JSONValue {
        guard case .object(let members) = try JSONValue(encoding: payload) else { return .null }
        var shown: [String: JSONValue] = [:]
        for (name, value) in members {
            if name.hasSuffix("JSON") {
                guard let text = value.stringValue, !text.isEmpty, text.utf8.count <= longest else { continue }
                shown[String(name.dropLast(4))] = (try? JSON.decode(JSONValue.self, from: text)) ?? .string(text)
            } else if name.hasSuffix("ID") {
                let id = value.stringValue.flatMap(UUID.init(uuidString:)).map { JSONValue.string($0.text) }
                shown[name.dropLast(2) + "Id"] = id ?? value
            } else {
                shown[name] = value
            }
        }
        return .object(shown)
    }
}
