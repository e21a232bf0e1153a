import Crypto
import FoundationEssentials
import HTTP

/// The checksum of a part as it comes.
struct PartProof {
    private let checksum: TusProtocol.Checksum
    private let sha1 = SHA1()
    private let sha256 = SHA256()

    init(_ checksum: TusProtocol.Checksum) { self.checksum = checksum }

    func update(_ chunk: Data) {
        if checksum.algorithm == .sha1 { sha1.update(chunk) } else { sha256.update(chunk) }
    }

    /// - Throws: ``Problem`` 460 where the content is another than was announced.
    func check() throws {
        guard (checksum.algorithm == .sha1 ? sha1.finalize() : sha256.finalize()) == checksum.expected else {
            throw Problem(.checksumMismatch, code: "checksum_mismatch", detail: "The part has another checksum.")
        }
    }
}
