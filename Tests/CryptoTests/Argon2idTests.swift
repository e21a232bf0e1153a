import Crypto
import FoundationEssentials
import Testing

@Suite struct Argon2idTests {
    /// Small parameters: these tests are about form and answers, not about strength.
    private let light = Argon2id(memoryKiB: 64, passes: 1, lanes: 1)

    @Test func formAndAnswers() throws {
        let hash = try light.hash("correct horse")
        #expect(hash.hasPrefix("$argon2id$v=19$m=64,t=1,p=1$"))
        #expect(try Argon2id.verify("correct horse", against: hash))
        #expect(try !Argon2id.verify("correct horsf", against: hash))
        #expect(try !Argon2id.verify("", against: hash))
        #expect(try light.hash("correct horse") != hash)
    }

    /// The vector of libargon2's own test: `password`, `somesalt`, 64 MiB, two passes.
    @Test func knownAnswer() throws {
        let hash =
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        #expect(try Argon2id.verify("password", against: hash))
        #expect(try !Argon2id.verify("passwore", against: hash))
    }

    @Test func longAndUnicodePasswordsAreNotTruncated() throws {
        let long = String(repeating: "é", count: 200)
        let hash = try light.hash(long + "a")
        #expect(try Argon2id.verify(long + "a", against: hash))
        #expect(try !Argon2id.verify(long + "b", against: hash))
        #expect(try !Argon2id.verify(long, against: hash))
    }

    @Test func tellsWhatIsToBeMadeAnew() throws {
        let hash = try light.hash("x")
        #expect(!light.needsRehash(hash))
        #expect(Argon2id().needsRehash(hash))
        #expect(Argon2id(memoryKiB: 64, passes: 2).needsRehash(hash))
        #expect(!Argon2id(memoryKiB: 32, passes: 1).needsRehash(hash))
        #expect(light.needsRehash("$2b$10$abc"))
    }

    @Test(arguments: [
        "", "plain", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$AAAA",
        "$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=19$m=64,t=1$c29tZXNhbHQ$AAAA",
        "$argon2id$v=19$m=64,t=1,p=1$!!$AAAA",
    ])
    func malformedHashesAreErrors(hash: String) {
        #expect(throws: CryptoError.self) { try Argon2id.verify("x", against: hash) }
    }
}
