import FoundationEssentials
import HTTP
import NetworkClient
import Primitives
import Testing

/// The worked examples of "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference.
struct SigV4Tests {
    private let now = Date(rfc3339: "2013-05-24T00:00:00Z") ?? Date()
    private func signer(_ hash: String? = nil) -> SigV4 {
        SigV4(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            payloadHash: hash)
    }

    @Test func getsAPart() throws {
        let headers = try signer().headers(
            method: .GET, url: "https://examplebucket.s3.amazonaws.com/test.txt", headers: ["Range": "bytes=0-9"],
            now: now)
        #expect(
            headers["Authorization"]?.hasSuffix(
                "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ) == true)
    }

    @Test func puts() throws {
        let headers = try signer("44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072").headers(
            method: .PUT, url: "https://examplebucket.s3.amazonaws.com/test%24file.text",
            headers: ["Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"], now: now)
        #expect(
            headers["Authorization"]?.hasSuffix(
                "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd") == true)
    }

    @Test func signsAnEmptyQueryItem() throws {
        let headers = try signer().headers(
            method: .GET, url: "https://examplebucket.s3.amazonaws.com/?lifecycle", headers: [:], now: now)
        #expect(
            headers["Authorization"]?.hasSuffix(
                "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543") == true)
    }

    @Test func signsASortedQuery() throws {
        let headers = try signer().headers(
            method: .GET, url: "https://examplebucket.s3.amazonaws.com/?prefix=J&max-keys=2", headers: [:], now: now)
        #expect(
            headers["Authorization"]?.hasSuffix(
                "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7") == true)
    }

    @Test func presigns() throws {
        let url = try signer().presign(
            method: .GET, url: "https://examplebucket.s3.amazonaws.com/test.txt", lifetime: .seconds(86400), now: now)
        #expect(url.hasSuffix("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"))
    }
}
