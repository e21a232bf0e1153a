import Auth
import Crypto
import FoundationEssentials
import HTTP
import NetworkClient
import ObjectStore
import Primitives
import TestKit
import Testing

@testable import StorageService

@Suite(.timeLimit(.minutes(2)))
struct AssetTests {
    @Test func anUploadInOnePieceBecomesAnAsset() async throws {
        try await withStorage { world in
            let project = UUID.v7()
            let answer = try await world.ask(
                .POST, "/api/v1/assets?filename=a.png&projectId=\(project.text)", as: world.ada,
                ["Content-Type": "image/png"], body: .data(.png))
            #expect(answer.status == 201, "\(answer.text)")
            let asset = answer.json
            let id = try #require(asset["id"]?.stringValue)
            #expect(answer.headers["Location"] == "/api/v1/assets/\(id)")
            #expect(asset["kind"] == "image" && asset["contentType"] == "image/png" && asset["origin"] == "upload")
            #expect(asset["sha256"]?.stringValue == SHA256.hash(.png).hex)
            #expect(asset["projectId"]?.stringValue == project.text)
            #expect(try await world.events("atelier.storage.v1.AssetCreated") == 1)
            #expect(try await world.ask(.GET, "/api/v1/assets/\(id)", as: world.ada).json == asset)
            let content = try await world.ask(.GET, "/api/v1/assets/\(id)/content", as: world.ada)
            #expect(content.data == .png)
            #expect(content.headers["X-Content-Type-Options"] == "nosniff")
            #expect(content.headers["Content-Disposition"] == "inline; filename=\"a.png\"")
            #expect(content.headers["Cache-Control"]?.contains("immutable") == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder + "/staging").isEmpty)
        }
    }

    @Test func anothersAssetIsNotFound() async throws {
        try await withStorage { world in
            let id = try #require(
                try await world.ask(.POST, "/api/v1/assets?filename=a", as: world.ada, body: .data(.png)).json["id"]?
                    .stringValue)
            for (method, path) in [
                (HTTPMethod.GET, ""), (.GET, "/content"), (.GET, "/renditions"), (.GET, "/renditions/x"), (.DELETE, ""),
                (.POST, "/links"),
            ] {
                let foreign = try await world.ask(method, "/api/v1/assets/\(id)\(path)", as: world.bob)
                let unknown = try await world.ask(method, "/api/v1/assets/\(UUID.v7().text)\(path)", as: world.bob)
                #expect(foreign.status == 404 && unknown.status == 404)
                #expect(try await world.ask(method, "/api/v1/assets/\(id)\(path)", as: nil).status == 401)
            }
            #expect(
                try await world.ask(.GET, "/api/v1/assets", as: world.bob).json["items"]?.arrayValue?.isEmpty == true)
            #expect(try await world.ask(.GET, "/api/v1/assets/7", as: world.ada).status == 404)
        }
    }

    @Test func aReaderMayNotChangeThings() async throws {
        try await withStorage { world in
            let reader = try world.person(role: .user)
            #expect(
                try await world.ask(.POST, "/api/v1/assets?filename=a", as: reader, body: .data(.png)).status == 403)
            #expect(try await world.ask(.DELETE, "/api/v1/assets/\(UUID.v7().text)", as: reader).status == 403)
            #expect(try await world.tus(.POST, "/api/v1/uploads", ["Upload-Length": "3"], as: reader).status == 403)
        }
    }

    @Test func theSameKeyMakesOneAsset() async throws {
        try await withStorage { world in
            let answers = try await withThrowingTaskGroup(of: StorageWorld.Answer.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        try await world.ask(
                            .POST, "/api/v1/assets?filename=a.png", as: world.ada, ["Idempotency-Key": "k1"],
                            body: .data(.png))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 201 })
            #expect(Set(answers.compactMap { $0.json["id"]?.stringValue }).count == 1)
            #expect(try await world.events("atelier.storage.v1.AssetCreated") == 1)
            let other = try await world.ask(
                .POST, "/api/v1/assets?filename=a.png", as: world.ada, ["Idempotency-Key": "k1"],
                body: .data(Data("x".utf8)))
            #expect(other.status == 422)
            let bob = try await world.ask(
                .POST, "/api/v1/assets?filename=a.png", as: world.bob, ["Idempotency-Key": "k1"],
                body: .data(Data("x".utf8)))
            #expect(bob.status == 201)
            let objects = try await world.context.objects.list(prefix: "", after: nil, limit: 100)
            #expect(objects.count == 2, "what was not named is gone")
        }
    }

    @Test func takesForms() async throws {
        try await withStorage { world in
            let project = UUID.v7().text
            let form =
                Data(
                    "--b\r\nContent-Disposition: form-data; name=\"projectId\"\r\n\r\n\(project)\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../x/Zoë.png\"\r\nContent-Type: text/html\r\n\r\n"
                        .utf8) + Data.png + Data("\r\n--b--\r\n".utf8)
            let type: HTTPHeaders = ["Content-Type": "multipart/form-data; boundary=b"]
            let answer = try await world.ask(.POST, "/api/v1/assets", as: world.ada, type, body: .data(form))
            #expect(answer.status == 201, "\(answer.text)")
            #expect(answer.json["filename"] == "Zoë.png" && answer.json["contentType"] == "image/png")
            #expect(answer.json["projectId"]?.stringValue == project)
            #expect(answer.json["size"]?.intValue == Int64(Data.png.count))
            let many = Data(
                ((0..<10_000).map { "--b\r\nContent-Disposition: form-data; name=\"f\($0)\"\r\n\r\nx\r\n" }.joined()
                    + "--b--").utf8)
            #expect(try await world.ask(.POST, "/api/v1/assets", as: world.ada, type, body: .data(many)).status == 413)
            let cut = form.prefix(form.count - 20)
            #expect(try await world.ask(.POST, "/api/v1/assets", as: world.ada, type, body: .data(cut)).status == 400)
            #expect(try await world.events("atelier.storage.v1.AssetCreated") == 1)
        }
    }

    @Test func listsInPages() async throws {
        try await withStorage { world in
            var made: [String] = []
            for n in 0..<5 {
                let answer = try await world.ask(
                    .POST, "/api/v1/assets?filename=\(n).png", as: world.ada,
                    body: .data(n == 2 ? Data("text".utf8) : .png))
                made.append(answer.json["id"]?.stringValue ?? "")
            }
            var seen: [String] = []
            var cursor = ""
            repeat {
                let page = try await world.ask(.GET, "/api/v1/assets?limit=2\(cursor)", as: world.ada).json
                seen += page["items"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
                cursor = page["nextCursor"]?.stringValue.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(seen == made.reversed())
            let texts = try await world.ask(.GET, "/api/v1/assets?kind=text", as: world.ada).json
            #expect(texts["items"]?.arrayValue?.count == 1)
            for bad in ["limit=0", "limit=x", "cursor=!", "kind=bird", "projectId=7"] {
                #expect(try await world.ask(.GET, "/api/v1/assets?\(bad)", as: world.ada).status == 400)
            }
        }
    }

    @Test func deletesWithAllThatBelongsToIt() async throws {
        try await withStorage { world in
            let id = try #require(
                try await world.ask(.POST, "/api/v1/assets?filename=a", as: world.ada, body: .data(.png)).json["id"]?
                    .stringValue)
            try await putRendition(world, id, "thumbnail.webp")
            #expect(try await world.ask(.DELETE, "/api/v1/assets/\(id)", as: world.ada).status == 204)
            #expect(try await world.ask(.DELETE, "/api/v1/assets/\(id)", as: world.ada).status == 404)
            #expect(
                try await world.ask(.GET, "/api/v1/assets/\(id)/renditions/thumbnail.webp", as: world.ada).status == 404
            )
            #expect(try await world.events("atelier.storage.v1.AssetDeleted") == 1)
            try await Sweeper(world.context).sweep()
            #expect(try await world.context.objects.list(prefix: "", after: nil, limit: 10).isEmpty)
            #expect(try await world.context.usage.total() == 0)
        }
    }

    @Test func refusesWhatIsOverTheQuota() async throws {
        try await withStorage(settings: ["QUOTA_BYTES": "12000"]) { world in
            for status in [201, 201, 413] {
                let answer = try await world.ask(.POST, "/api/v1/assets?filename=a", as: world.ada, body: .data(.png))
                #expect(answer.status == status)
                if status == 413 { #expect(answer.json["code"] == "quota_exceeded") }
            }
            let tus = try await world.tus(.POST, "/api/v1/uploads", ["Upload-Length": "5000"])
            #expect(tus.status == 413 && tus.json["code"] == "quota_exceeded")
            #expect(
                try await world.ask(.POST, "/api/v1/assets?filename=a", as: world.bob, body: .data(.png)).status == 201)
            #expect(try await world.context.objects.list(prefix: "", after: nil, limit: 10).count == 3)
        }
    }

    @Test func servesPartsOfContent() async throws {
        try await withStorage { world in
            let content = Data.mp4(300_000)
            let id = try #require(
                try await world.ask(.POST, "/api/v1/assets?filename=a.mp4", as: world.ada, body: .data(content)).json[
                    "id"]?.stringValue)
            let path = "/api/v1/assets/\(id)/content"
            let tag = try #require(try await world.ask(.HEAD, path, as: world.ada).headers["ETag"])
            for (range, expected) in [
                ("bytes=0-9", 0..<10), ("bytes=100000-", 100_000..<300_000), ("bytes=-7", 299_993..<300_000),
                ("bytes=0-9,10-19", 0..<20),
            ] {
                let answer = try await world.ask(.GET, path, as: world.ada, ["Range": range])
                #expect(answer.status == 206)
                #expect(answer.data == content[expected])
                #expect(
                    answer.headers["Content-Range"] == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/300000")
            }
            let beyond = try await world.ask(.GET, path, as: world.ada, ["Range": "bytes=300000-"])
            #expect(beyond.status == 416 && beyond.headers["Content-Range"] == "bytes */300000")
            #expect(
                try await world.ask(.GET, path, as: world.ada, ["Range": "bytes=0-9", "If-Range": "\"x\""]).status
                    == 200)
            #expect(
                try await world.ask(.GET, path, as: world.ada, ["Range": "bytes=0-9", "If-Range": tag]).status == 206)
            #expect(try await world.ask(.GET, path, as: world.ada, ["If-None-Match": tag]).status == 304)
            let head = try await world.ask(.HEAD, path, as: world.ada)
            #expect(head.headers["Content-Length"] == "300000" && head.data.isEmpty)
            let part = try await world.ask(.HEAD, path, as: world.ada, ["Range": "bytes=5-9"])
            #expect(part.status == 206 && part.headers["Content-Length"] == "5")
        }
    }

    @Test func contentThatCouldActIsSaved() async throws {
        try await withStorage { world in
            let page = Data("<!doctype html><script>alert(1)</script>".utf8)
            let answer = try await world.ask(
                .POST, "/api/v1/assets?filename=cat.png", as: world.ada, ["Content-Type": "image/png"],
                body: .data(page))
            #expect(answer.json["contentType"] == "text/html")
            let id = answer.json["id"]?.stringValue ?? ""
            let content = try await world.ask(.GET, "/api/v1/assets/\(id)/content", as: world.ada)
            #expect(content.headers["Content-Disposition"]?.hasPrefix("attachment") == true)
            #expect(content.headers["Content-Security-Policy"]?.contains("sandbox") == true)
        }
    }

    @Test func linksOpenWithoutAToken() async throws {
        try await withStorage { world in
            let id = try #require(
                try await world.ask(.POST, "/api/v1/assets?filename=a.png", as: world.ada, body: .data(.png)).json[
                    "id"]?.stringValue)
            let link = try await world.ask(.POST, "/api/v1/assets/\(id)/links", as: world.ada)
            #expect(link.status == 201)
            let url = try #require(link.json["url"]?.stringValue)
            #expect(try await world.ask(.GET, url, as: nil).data == .png)
            #expect(try await world.ask(.GET, url, as: nil, ["Range": "bytes=1-3"]).data == Data.png[1...3])
            let token = try #require(url.split(separator: "/").dropLast().last.map(String.init))
            for index in [0, 20, 40, token.count - 1] {
                var letters = Array(token)
                letters[index] = letters[index] == "A" ? "B" : "A"
                let forged = url.replacingOccurrences(of: token, with: String(letters))
                #expect(try await world.ask(.GET, forged, as: nil).status == 404)
            }
            for body in [#"{"expiresInSeconds":1}"#, #"{"rendition":"none"}"#, "{"] {
                let answer = try await world.ask(
                    .POST, "/api/v1/assets/\(id)/links", as: world.ada, ["Content-Type": "application/json"],
                    body: .data(Data(body.utf8)))
                #expect([400, 404].contains(answer.status))
            }
            try await putRendition(world, id, "hls/a.ts")
            let rendition = try await world.ask(
                .POST, "/api/v1/assets/\(id)/links", as: world.ada, ["Content-Type": "application/json"],
                body: .data(Data(#"{"rendition":"hls/a.ts"}"#.utf8)))
            let renditionURL = try #require(rendition.json["url"]?.stringValue)
            #expect(try await world.ask(.GET, renditionURL, as: nil).status == 200)
            let original = renditionURL.replacingOccurrences(of: "renditions/hls/a.ts", with: "content")
            #expect(try await world.ask(.GET, original, as: nil).status == 404)
        }
    }

    private func putRendition(_ world: StorageWorld, _ id: String, _ name: String) async throws {
        let intent = try await world.askInternally(
            .POST, "/internal/v1/assets/\(id)/renditions",
            [
                "workspaceId": .string(world.ada.workspaceID.text), "name": .string(name), "contentType": "image/webp",
                "width": 320,
            ])
        #expect(intent.status == 201, "\(intent.text)")
        let put = try await world.ask(
            .PUT, intent.json["uploadUrl"]?.stringValue ?? "", as: nil, body: .data(Data("small".utf8)))
        #expect(put.status == 201, "\(put.text)")
    }
}

extension String {
    fileprivate func replacingOccurrences(of part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return String(self[..<range.lowerBound]) + other + self[range.upperBound...]
    }
}
