import Crypto
import FoundationEssentials
import Primitives
import Testing

@Suite struct AESGCMTests {
    private let key = SecureRandom.bytes(32)

    @Test(arguments: [0, 1, 15, 16, 17, 4096]) func opensWhatItSealed(length: Int) throws {
        let content = SecureRandom.bytes(length)
        let sealed = try AESGCM.seal(content, key: key, purpose: Data("a".utf8))
        #expect(sealed.count == length + 28)
        #expect(try AESGCM.open(sealed, key: key, purpose: Data("a".utf8)) == content)
        #expect(try AESGCM.seal(content, key: key, purpose: Data("a".utf8)) != sealed)
    }

    @Test func everyFlippedBitIsNoticed() throws {
        let sealed = try AESGCM.seal(Data("secret".utf8), key: key)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: CryptoError.self) { try AESGCM.open(changed, key: key) }
        }
    }

    @Test func otherKeyPurposeAndLengthAreRefused() throws {
        let sealed = try AESGCM.seal(Data("secret".utf8), key: key, purpose: Data("a".utf8))
        #expect(throws: CryptoError.self) { try AESGCM.open(sealed, key: key, purpose: Data("b".utf8)) }
        #expect(throws: CryptoError.self) { try AESGCM.open(sealed, key: key) }
        #expect(throws: CryptoError.self) {
            try AESGCM.open(sealed, key: SecureRandom.bytes(32), purpose: Data("a".utf8))
        }
        #expect(throws: CryptoError.self) { try AESGCM.open(sealed.prefix(27), key: key) }
        #expect(throws: CryptoError.self) { try AESGCM.seal(Data(), key: Data(count: 16)) }
    }

    /// NIST's test case 14 of the GCM specification: zero key, zero nonce, sixteen zero bytes.
    @Test func knownAnswer() throws {
        let sealed = try #require(
            Data(
                hex: "000000000000000000000000" + "cea7403d4d606b6e074ec5d3baf39d18"
                    + "d0d1c8a799996bf0265b98b5d48ab919"))
        #expect(try AESGCM.open(sealed, key: Data(count: 32)) == Data(count: 16))
    }
}
