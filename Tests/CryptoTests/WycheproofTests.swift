import Crypto
import Foundation
import Primitives
import Testing

/// The vectors of Project Wycheproof (github.com/C2SP/wycheproof), read from a checkout that `WYCHEPROOF` names. Without
/// it these tests are skipped.
@Suite(.enabled(if: Wycheproof.folder != nil, "WYCHEPROOF names no checkout of the vectors"))
struct WycheproofTests {
    @Test func ecdsaOnP256() throws {
        var checked = 0
        for group in try Wycheproof.groups("ecdsa_secp256r1_sha256_p1363_test.json") {
            let pem = try #require(group["publicKeyPem"]?.stringValue)
            let key = try ES256PublicKey(pem: pem)
            for test in group["tests"]?.arrayValue ?? [] {
                let message = try #require(Data(hex: test["msg"]?.stringValue ?? ""))
                let signature = try #require(Data(hex: test["sig"]?.stringValue ?? ""))
                let expected = test["result"] == "valid"
                #expect(key.isValid(signature, for: message) == expected, "\(test["tcId"]?.intValue ?? 0)")
                checked += 1
            }
        }
        #expect(checked > 200)
    }

    @Test func aesGCM() throws {
        var checked = 0
        for group in try Wycheproof.groups("aes_gcm_test.json") where group["keySize"] == 256 && group["ivSize"] == 96 {
            for test in group["tests"]?.arrayValue ?? [] {
                func bytes(_ name: String) -> Data { Data(hex: test[name]?.stringValue ?? "") ?? Data() }
                let sealed = bytes("iv") + bytes("ct") + bytes("tag")
                let opened = try? AESGCM.open(sealed, key: bytes("key"), purpose: bytes("aad"))
                #expect(opened == (test["result"] == "valid" ? bytes("msg") : nil), "\(test["tcId"]?.intValue ?? 0)")
                checked += 1
            }
        }
        #expect(checked > 30)
    }

    @Test func hmac() throws {
        var checked = 0
        for group in try Wycheproof.groups("hmac_sha256_test.json") where group["tagSize"] == 256 {
            for test in group["tests"]?.arrayValue ?? [] {
                func bytes(_ name: String) -> Data { Data(hex: test[name]?.stringValue ?? "") ?? Data() }
                let isValid = HMACSHA256.isValid(bytes("tag"), for: bytes("msg"), key: bytes("key"))
                #expect(isValid == (test["result"] == "valid"), "\(test["tcId"]?.intValue ?? 0)")
                checked += 1
            }
        }
        #expect(checked > 50)
    }
}

enum Wycheproof {
    static let folder = ProcessInfo.processInfo.environment["WYCHEPROOF"]

    static func groups(_ file: String) throws -> [JSONValue] {
        let path = try #require(folder) + "/testvectors_v1/" + file
        let document = try JSON.decode(JSONValue.self, from: Data(contentsOf: URL(filePath: path)))
        return document["testGroups"]?.arrayValue ?? []
    }
}
