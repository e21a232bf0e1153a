import Crypto
import Foundation
import Primitives
import Testing

@testable import Auth

/// R25: the JWS vectors of Project Wycheproof for keys on P-256, read from a checkout that `WYCHEPROOF` names. Without it
/// these tests are skipped.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["WYCHEPROOF"] != nil, "WYCHEPROOF names no checkout"))
struct JWSVectorTests {
    @Test func signaturesByKeysOnP256() throws {
        let folder = try #require(ProcessInfo.processInfo.environment["WYCHEPROOF"])
        let file = URL(filePath: folder + "/testvectors_v1/json_web_signature_test.json")
        let document = try JSON.decode(JSONValue.self, from: Data(contentsOf: file))
        var checked = 0
        for group in document["testGroups"]?.arrayValue ?? [] {
            guard let key = group["public"], key["crv"] == "P-256" else { continue }
            let keys = try JSONWebKeySet(keys: [key.decode(JSONWebKey.self)]).verificationKeys
            for test in group["tests"]?.arrayValue ?? [] {
                let isValid: Bool
                if let jws = test["jws"]?.stringValue, let signed = try? CompactJWS(jws) {
                    isValid = keys[signed.keyID]?.isValid(signed.signature, for: signed.signingInput) ?? false
                } else {
                    isValid = false
                }
                #expect(isValid == (test["result"] == "valid"), "\(test["tcId"]?.intValue ?? 0)")
                checked += 1
            }
        }
        #expect(checked >= 40)
    }
}
