internal import FoundationEssentials
internal import Primitives

extension HTTPRequest {
    /// Reads the content as JSON.
    /// - Parameter limit: bytes at most; ``HTTPRequest/documentLimit`` by default.
    /// - Throws: ``Problem``: 415 for another type, 413 over the limit, 400 naming the path of the faulty field.
    public func decode<T: Decodable>(_ type: T.Type = T.self, limit: Int? = nil) async throws -> T {
        guard let contentType, contentType == "application/json" || contentType.hasSuffix("+json") else {
            throw Problem.unsupportedMediaType(expected: "application/json")
        }
        if let coding = headers["Content-Encoding"], !coding.equalsIgnoringCase("identity") {
            throw Problem(
                .unsupportedMediaType, code: "unsupported_content_encoding",
                detail: "The content must not be encoded.")
        }
        let data = try await body.collect(upTo: limit ?? documentLimit)
        do { return try JSON.decode(type, from: data) } catch let error as DecodingError {
            // The decoder says of a number that fits no field what it says of text that is no JSON at all.
            if case .dataCorrupted(let context) = error, context.codingPath.isEmpty,
                (try? JSON.decode(JSONValue.self, from: data)) != nil
            {
                throw Problem.invalid(field: "the content", reason: "has a number that is out of range or not whole")
            }
            throw Problem(decoding: error)
        }
    }
}

extension Problem {
    /// 400 with the path of the field that could not be read.
    public init(decoding error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self = .invalid(field: Self.path(context.codingPath + [key]), reason: "is required")
        case .valueNotFound(_, let context):
            self = .invalid(field: Self.path(context.codingPath), reason: "must not be null")
        case .typeMismatch(let type, let context):
            self = .invalid(field: Self.path(context.codingPath), reason: "must be \(Self.name(type))")
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            self = Problem(.badRequest, code: "malformed_json", detail: "The content is not valid JSON.")
        case .dataCorrupted(let context):
            self = .invalid(field: Self.path(context.codingPath), reason: "is not valid")
        @unknown default:
            self = Problem(.badRequest, code: "malformed_json", detail: "The content cannot be read.")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        var text = ""
        for key in keys {
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return text.isEmpty ? "the content" : text
    }

    private static func name(_ type: any Any.Type) -> String {
        if type is String.Type { return "text" }
        if type is Bool.Type { return "true or false" }
        if type is any BinaryInteger.Type { return "a whole number" }
        if type is any FloatingPoint.Type { return "a number" }
        let text = "\(type)"
        if text.hasPrefix("Array") { return "a list" }
        return text.hasPrefix("Dictionary") ? "an object" : "of another type"
    }
}
