import Crypto
import FoundationEssentials
import Primitives
import Testing

@Suite struct ES256Tests {
    /// RFC 7515, appendix A.3.
    @Test func verifiesTheExampleOfTheSpecification() throws {
        let x = try #require(Data(base64URL: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"))
        let y = try #require(Data(base64URL: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"))
        let key = try ES256PublicKey(x: x, y: y)
        let message = Data(
            ("eyJhbGciOiJFUzI1NiJ9."
                + "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ").utf8
        )
        let signature = try #require(
            Data(
                base64URL: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"))
        #expect(key.isValid(signature, for: message))
        #expect(!key.isValid(signature, for: message + [0]))
    }

    @Test func signsAndKeepsItsFormInPEM() throws {
        let key = try ES256PrivateKey()
        let copy = try ES256PrivateKey(pem: key.pem)
        let publicCopy = try ES256PublicKey(pem: copy.publicKey.pem)
        let fromCoordinates = try ES256PublicKey(x: key.publicKey.x, y: key.publicKey.y)
        for length in 0..<40 {
            let message = SecureRandom.bytes(length)
            let signature = try copy.signature(for: message)
            #expect(signature.count == 64)
            #expect(key.publicKey.isValid(signature, for: message))
            #expect(publicCopy.isValid(signature, for: message))
            #expect(fromCoordinates.isValid(signature, for: message))
        }
    }

    @Test func refusesForgedSignatures() throws {
        let key = try ES256PrivateKey()
        let message = Data("message".utf8)
        let good = try key.signature(for: message)
        let order = try #require(Data(hex: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
        let zero = Data(count: 32)
        let one = Data(count: 31) + [1]
        let (r, s): (Data, Data) = (Data(good.prefix(32)), Data(good.suffix(32)))
        var forged: [Data] = [
            Data(), Data(count: 64), Data(good.dropLast()), good + Data([0]), Data(repeating: 0xff, count: 64),
        ]
        for pair in [(zero, s), (r, zero), (order, s), (r, order), (one, one), (order, one), (order, order), (s, r)] {
            forged.append(pair.0 + pair.1)
        }
        for bit in 0..<512 {
            var flipped = good
            flipped[bit / 8] ^= 1 << (bit % 8)
            forged.append(flipped)
        }
        for signature in forged { #expect(!key.publicKey.isValid(signature, for: message)) }
        #expect(try !ES256PrivateKey().publicKey.isValid(good, for: message))
    }

    @Test func refusesWhatIsNoKeyOnTheCurve() {
        #expect(throws: CryptoError.self) { try ES256PublicKey(x: Data(count: 32), y: Data(count: 32)) }
        #expect(throws: CryptoError.self) { try ES256PublicKey(x: Data(count: 31), y: Data(count: 32)) }
        #expect(throws: CryptoError.self) {
            try ES256PublicKey(x: Data(repeating: 1, count: 32), y: Data(repeating: 2, count: 32))
        }
        #expect(throws: CryptoError.self) { try ES256PublicKey(pem: "") }
        #expect(throws: CryptoError.self) { try ES256PrivateKey(pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n") }
        // A key of another kind (Ed25519).
        #expect(throws: CryptoError.self) {
            try ES256PublicKey(
                pem: """
                    -----BEGIN PUBLIC KEY-----
                    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
                    -----END PUBLIC KEY-----
                    """)
        }
    }

    @Test func manyThreadsShareOneKey() async throws {
        let key = try ES256PrivateKey()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let message = Data("\(number)".utf8)
                    let signature = try key.signature(for: message)
                    return key.publicKey.isValid(signature, for: message)
                        && !key.publicKey.isValid(signature, for: Data("other".utf8))
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
