internal import FoundationEssentials
internal import HTTP
internal import Primitives

func encode(_ value: some Encodable) throws -> Data { try JSON.encode(value) }

extension HTTPClientResponse {
    /// Reads the content as JSON.
    /// - Throws: ``HTTPClientError`` `invalidAnswer` where it is something else, ``Problem`` 413 over the limit.
    public func json<T: Decodable>(_ type: T.Type = T.self, limit: Int = 4 << 20) async throws -> T {
        let data = try await body.collect(upTo: limit)
        do { return try JSON.decode(type, from: data) } catch {
            throw HTTPClientError(.invalidAnswer, detail: "the answer is not the expected JSON", outcomeUnknown: true)
        }
    }
}
