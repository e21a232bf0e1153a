import FoundationEssentials
import HTTP
import Primitives
import Testing

@testable import StorageService

struct DomainTests {
    @Test(arguments: [
        (Data.png, "a.mp4", "image/png", MediaKind.image), (Data([0xFF, 0xD8, 0xFF, 0xE0]), "x", "image/jpeg", .image),
        (Data("RIFF____WEBPVP8 ".utf8), "x", "image/webp", .image),
        (Data("RIFF____WAVEfmt ".utf8), "x", "audio/wav", .audio),
        (Data.mp4(100), "a.png", "video/mp4", .video),
        (Data([0, 0, 0, 24]) + Data("ftypM4A ".utf8), "x", "audio/mp4", .audio),
        (Data([0, 0, 0, 24]) + Data("ftypqt  ".utf8), "x", "video/quicktime", .video),
        (Data("ID3\u{4}".utf8), "x", "audio/mpeg", .audio),
        (Data([0xFF, 0xFB, 0x90, 0x44]), "x", "audio/mpeg", .audio),
        (Data("#EXTM3U\nfile:///etc/passwd\n".utf8), "a.mp4", "application/vnd.apple.mpegurl", .other),
        (Data("ffconcat version 1.0\nfile x\n".utf8), "a.mp4", "text/plain", .text),
        (Data("<!DOCTYPE html>".utf8), "a.png", "text/html", .text),
        (Data("  <svg xmlns='x'>".utf8), "a.png", "image/svg+xml", .other),
        (Data("WEBVTT\n\n".utf8), "a.txt", "text/vtt", .text),
        (Data("1\n00:00".utf8), "a.srt", "application/x-subrip", .text),
        (Data("Grüße".utf8), "a", "text/plain", .text), (Data("PK\u{3}\u{4}".utf8), "a.mp4", "application/zip", .other),
        (Data([0, 1, 2, 3]), "a.mp4", "application/octet-stream", .other),
        (Data(), "a", "application/octet-stream", .other),
    ])
    func knowsContentByItsBytes(data: Data, name: String, type: String, kind: MediaKind) {
        #expect(MediaType.detect(data, filename: name) == MediaType(type, kind))
    }

    @Test func onlyHarmlessContentIsShownInPlace() {
        for type in ["image/png", "video/mp4", "audio/wav", "text/plain", "text/vtt"] {
            #expect(MediaType.isSafeInline(type))
        }
        for type in [
            "text/html", "image/svg+xml", "application/zip", "application/octet-stream", "application/xhtml+xml",
        ] {
            #expect(!MediaType.isSafeInline(type))
        }
    }

    @Test(arguments: [
        ("a.png", "a.png"), ("../../etc/passwd", "passwd"), ("C:\\x\\y.mp4", "y.mp4"), ("a\r\nb\u{0}.png", "ab.png"),
        ("\u{202E}gnp.exe", "gnp.exe"), ("...", "file"), ("", "file"), (" .hidden", "hidden"),
    ])
    func cleansNames(given: String, name: String) { #expect(Filename.clean(given) == name) }

    @Test func cutsLongNames() {
        #expect(Filename.clean(String(repeating: "ä", count: 300)).utf8.count <= 255)
        #expect(Filename.clean(nil) == "file")
    }

    @Test(arguments: [
        ("thumbnail.webp", true), ("hls/720p/seg0.ts", true), ("../a", false), ("a//b", false), ("/a", false),
        ("", false),
        (".a", false), ("a b", false), (String(repeating: "a", count: 201), false), ("a/b/c/d/e/f/g/h/i", false),
    ])
    func namesOfRenditionsArePlain(name: String, isValid: Bool) { #expect(Rendition.isValid(name: name) == isValid) }

    @Test func linksEnd() {
        let links = MediaLinks(secret: "secret")
        let now = Date(milliseconds: 1_700_000_000_000)
        let grant = MediaLinks.Grant(
            assetID: .v7(), workspaceID: .v7(), expiresAt: now + 60, isRenditionsOnly: false)
        let token = links.token(grant)
        #expect(links.grant(token, now: now) == grant)
        #expect(links.grant(token, now: now + 61) == nil)
        #expect(MediaLinks(secret: "other").grant(token, now: now) == nil)
        for bad in ["", "a", token + "A", String(token.dropLast()), token.uppercased()] {
            #expect(links.grant(bad, now: now) == nil)
        }
    }

    @Test func readsUploadMetadata() throws {
        #expect(try TusProtocol.metadata("filename YS5wbmc=, empty,x ") == ["filename": "a.png", "empty": "", "x": ""])
        for bad in ["a YQ", "a YQ== b", " ,", "a YQ==,a YQ==", "ä YQ=="] {
            #expect(throws: Problem.self) { try TusProtocol.metadata(bad) }
        }
    }

    @Test func formsComeInAnyChunks() throws {
        let form = Data(
            "preamble\r\n--bo\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b2\r\n--bo\r\ncontent-disposition: form-data; filename=\"x y.png\"; name=\"file\"\r\nX: y\r\n\r\n\r\n--bo\r\nContent-Disposition: form-data; name=c\r\n\r\nlast\r\n--bo--\r\nepilogue"
                .utf8)
        for size in [1, 2, 3, 7, 16, form.count] {
            var parser = try #require(MultipartParser(contentType: "multipart/form-data; charset=x; boundary=\"bo\""))
            var parts: [(String, String?, Data)] = []
            for start in stride(from: 0, to: form.count, by: size) {
                for event in try parser.feed(form[start..<min(start + size, form.count)]) {
                    switch event {
                    case .part(let name, let filename): parts.append((name, filename, Data()))
                    case .data(let data): parts[parts.count - 1].2.append(data)
                    case .end: break
                    }
                }
            }
            #expect(parser.isDone)
            #expect(parts.map(\.0) == ["a", "file", "c"])
            #expect(parts.map(\.1) == [nil, "x y.png", nil])
            #expect(parts.map { String(decoding: $0.2, as: UTF8.self) } == ["1\r\n--b2", "", "last"])
        }
        #expect(MultipartParser(contentType: "multipart/form-data") == nil)
    }

    @Test func writesDates() {
        #expect(HTTPDate.text(Date(milliseconds: 784_111_777_000)) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
