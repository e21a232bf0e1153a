public import FoundationEssentials

/// The JSON of the product: camelCase keys as declared, dates as RFC 3339 with milliseconds, sorted keys.
public enum JSON {
    /// The JSON of a value in UTF-8, without blanks.
    /// - Throws: `EncodingError` for what JSON cannot hold, such as a number that is not finite.
    public static func encode(_ value: some Encodable) throws -> Data {
        if let value = value as? JSONValue { return try JSONWriter.data(value) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.rfc3339)
        }
        return try encoder.encode(value)
    }

    /// The same as text.
    public static func text(_ value: some Encodable) throws -> String {
        String(decoding: try encode(value), as: UTF8.self)
    }

    /// Decodes a value.
    /// - Throws: `DecodingError`, whose path names the faulty field.
    public static func decode<T: Decodable>(_ type: T.Type = T.self, from data: Data) throws -> T {
        if type == JSONValue.self, let value = try JSONParser.parse(data) as? T { return value }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let date = Date(rfc3339: text) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "not an RFC 3339 date"))
            }
            return date
        }
        return try decoder.decode(type, from: data)
    }

    /// Decodes a value from text.
    public static func decode<T: Decodable>(_ type: T.Type = T.self, from text: String) throws -> T {
        try decode(type, from: Data(text.utf8))
    }
}
