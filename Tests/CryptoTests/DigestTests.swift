import Crypto
import FoundationEssentials
import Primitives
import Testing

@Suite struct DigestTests {
    @Test func sha256OfKnownMessages() {
        // FIPS 180-4, examples.
        #expect(
            SHA256.hash(Data("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.hash(Data()).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func piecesGiveTheDigestOfTheWhole() {
        let content = SecureRandom.bytes(100_003)
        let digest = SHA256()
        for start in stride(from: 0, to: content.count, by: 777) {
            digest.update(content.subdata(in: start..<min(start + 777, content.count)))
        }
        digest.update(Data())
        #expect(digest.finalize() == SHA256.hash(content))
    }

    @Test func sha1OfKnownMessage() {
        let digest = SHA1()
        digest.update(Data("ab".utf8))
        digest.update(Data("c".utf8))
        #expect(digest.finalize().hex == "a9993e364706816aba3e25717850c26c9cd0d89d")
    }

    @Test func hmacOfRFC4231() {
        #expect(
            HMACSHA256.code(for: Data("Hi There".utf8), key: Data(repeating: 0x0b, count: 20)).hex
                == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        #expect(
            HMACSHA256.code(for: Data("what do ya want for nothing?".utf8), key: Data("Jefe".utf8)).hex
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        // Of the empty message under the empty key.
        let empty = HMACSHA256.code(for: Data(), key: Data())
        #expect(empty.hex == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
        #expect(HMACSHA256.isValid(empty, for: Data(), key: Data()))
        #expect(!HMACSHA256.isValid(empty, for: Data([0]), key: Data()))
        #expect(!HMACSHA256.isValid(empty.dropLast(), for: Data(), key: Data()))
    }

    @Test func equality() {
        #expect(ConstantTime.areEqual(Data([1, 2]), Data([1, 2])))
        #expect(ConstantTime.areEqual(Data(), Data()))
        #expect(!ConstantTime.areEqual(Data([1, 2]), Data([1, 3])))
        #expect(!ConstantTime.areEqual(Data([1, 2]), Data([1])))
        // A slice whose indices do not begin at zero.
        #expect(ConstantTime.areEqual(Data([9, 1, 2]).dropFirst(), Data([1, 2])))
    }

    @Test func randomBytesDiffer() {
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
        #expect(SecureRandom.token().utf8.count == 43)
        #expect(SecureRandom.bytes(0).isEmpty)
    }
}
