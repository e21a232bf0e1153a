import Crypto
import FoundationEssentials
import HTTP
import Primitives

/// tus 1.0.0 (https://tus.io/protocols/resumable-upload): its fields and their faults.
enum TusProtocol {
    static let version = "1.0.0"
    static let extensions = "creation,creation-with-upload,checksum,expiration,termination"
    static let contentType = "application/offset+octet-stream"

    /// 412 for a client of another version.
    static func checkVersion(_ request: HTTPRequest) throws {
        guard request.headers["Tus-Resumable"] == version else {
            throw Problem(
                .preconditionFailed, code: "tus_version", detail: "Tus-Resumable must be \(version).",
                headers: ["Tus-Version": version])
        }
    }

    /// A field that is a whole number from 0.
    static func number(_ name: String, _ request: HTTPRequest) throws -> Int64 {
        let values = request.headers.all(name)
        guard values.count == 1, let text = values.first, !text.isEmpty,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text)
        else { throw Problem.invalid(field: name, reason: "must be one whole number") }
        return number
    }

    /// `Upload-Metadata`: names, each with a value in base64, or none.
    static func metadata(_ field: String?) throws -> [String: String] {
        guard let field, !field.isEmpty else { return [:] }
        guard field.utf8.count <= 4096 else { throw Problem.invalid(field: "Upload-Metadata", reason: "is too long") }
        var found: [String: String] = [:]
        for pair in field.split(separator: ",", omittingEmptySubsequences: false).map({ $0.trimmingBlanks() }) {
            let parts = pair.split(separator: " ", omittingEmptySubsequences: false)
            guard let name = parts.first, !name.isEmpty, parts.count <= 2,
                name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
                let data = Data(base64Encoded: parts.count == 2 ? String(parts[1]) : ""),
                let value = String(validating: data, as: UTF8.self)
            else { throw Problem.invalid(field: "Upload-Metadata", reason: "must be names with values in base64") }
            guard found.updateValue(value, forKey: String(name)) == nil else {
                throw Problem.invalid(field: "Upload-Metadata", reason: "names \(name) twice")
            }
        }
        return found
    }

    /// A checksum that the client announced for a part.
    struct Checksum: Sendable {
        enum Algorithm: String, Sendable, CaseIterable { case sha1, sha256 }
        let algorithm: Algorithm
        let expected: Data

        init?(_ request: HTTPRequest) throws {
            guard let field = request.headers["Upload-Checksum"] else { return nil }
            let parts = field.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2, let algorithm = Algorithm(rawValue: String(parts[0])) else {
                throw Problem.invalid(field: "Upload-Checksum", reason: "must be sha1 or sha256 and a value in base64")
            }
            guard let expected = Data(base64Encoded: String(parts[1])), expected.count == (algorithm == .sha1 ? 20 : 32)
            else { throw Problem.invalid(field: "Upload-Checksum", reason: "has a value of the wrong length") }
            self.algorithm = algorithm
            self.expected = expected
        }
    }

    /// `Sat, 31 Jan 2026 09:05:07 GMT` (RFC 9110 §5.6.7).
    static func date(_ date: Date) -> String { HTTPDate.text(date) }
}
