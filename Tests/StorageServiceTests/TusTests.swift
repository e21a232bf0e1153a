import Crypto
import FoundationEssentials
import HTTP
import HTTPServer
import ObjectStore
import Postgres
import Primitives
import ServiceKit
import Telemetry
import TestKit
import Testing

@testable import StorageService

/// tus 1.0.0 by its text (R20), cut uploads (R21), and what is left behind (R23).
@Suite(.timeLimit(.minutes(3)))
struct TusTests {
    private let type = "application/offset+octet-stream"

    private func create(_ world: StorageWorld, _ length: Int, _ headers: HTTPHeaders = HTTPHeaders()) async throws
        -> String
    {
        var headers = headers
        headers.set("Upload-Length", String(length))
        let answer = try await world.tus(.POST, "/api/v1/uploads", headers)
        #expect(answer.status == 201, "\(answer.text)")
        return try #require(answer.headers["Location"])
    }

    @Test func tellsWhatItCan() async throws {
        try await withStorage { world in
            for path in ["/api/v1/uploads", "/api/v1/uploads/\(UUID.v7().text)"] {
                let answer = try await world.ask(.OPTIONS, path, as: nil)
                #expect(answer.status == 204)
                #expect(answer.headers["Tus-Version"] == "1.0.0" && answer.headers["Tus-Resumable"] == "1.0.0")
                #expect(answer.headers["Tus-Max-Size"] == String(20 << 30))
                #expect(answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256")
                for name in ["creation", "creation-with-upload", "checksum", "expiration", "termination"] {
                    #expect(answer.headers.list("Tus-Extension").contains(name))
                }
            }
        }
    }

    @Test(arguments: StorageWorld.Place.allCases)
    func uploadsInPieces(place: StorageWorld.Place) async throws {
        try await withStorage(place) { world in
            let content = Data.mp4(300_000)
            let metadata = "filename \(Data("Zoë.mp4".utf8).base64),filetype \(Data("video/mp4".utf8).base64)"
            let path = try await create(world, content.count, ["Upload-Metadata": metadata])
            var offset = 0
            for end in [100_000, 100_001, 300_000] {
                let head = try await world.tus(.HEAD, path)
                #expect(head.status == 200 && head.headers["Upload-Offset"] == String(offset))
                #expect(head.headers["Upload-Length"] == "300000" && head.headers["Cache-Control"] == "no-store")
                #expect(head.headers["Upload-Metadata"] == metadata && head.headers["Upload-Asset-Id"] == nil)
                let part = try await world.tus(
                    .PATCH, path, ["Upload-Offset": String(offset)], body: content[offset..<end])
                #expect(part.status == 204 && part.headers["Upload-Offset"] == String(end), "\(part.text)")
                #expect(part.headers["Tus-Resumable"] == "1.0.0")
                #expect((part.headers["Upload-Expires"] != nil) == (end < 300_000))
                offset = end
            }
            let head = try await world.tus(.HEAD, path)
            let asset = try #require(head.headers["Upload-Asset-Id"])
            #expect(head.headers["Upload-Offset"] == "300000")
            let info = try await world.ask(.GET, "/api/v1/assets/\(asset)", as: world.ada).json
            #expect(info["filename"] == "Zoë.mp4" && info["contentType"] == "video/mp4" && info["kind"] == "video")
            #expect(info["sha256"]?.stringValue == SHA256.hash(content).hex)
            #expect(try await world.ask(.GET, "/api/v1/assets/\(asset)/content", as: world.ada).data == content)
            #expect(try await world.events("atelier.storage.v1.AssetCreated") == 1)
            let late = try await world.tus(.PATCH, path, ["Upload-Offset": "300000"], body: Data("x".utf8))
            #expect(late.status == 403)
            #expect(try await world.tus(.DELETE, path).status == 403)
        }
    }

    @Test(arguments: StorageWorld.Place.allCases)
    func createsWithContent(place: StorageWorld.Place) async throws {
        try await withStorage(place) { world in
            let content = Data.mp4(5000)
            let all = try await world.tus(
                .POST, "/api/v1/uploads", ["Upload-Length": "5000", "Content-Type": type], body: content)
            #expect(
                all.status == 201 && all.headers["Upload-Offset"] == "5000" && all.headers["Upload-Asset-Id"] != nil)
            let part = try await world.tus(
                .POST, "/api/v1/uploads", ["Upload-Length": "5000", "Content-Type": type], body: content.prefix(100))
            #expect(
                part.status == 201 && part.headers["Upload-Offset"] == "100" && part.headers["Upload-Asset-Id"] == nil)
            let empty = try await world.tus(.POST, "/api/v1/uploads", ["Upload-Length": "0"])
            #expect(empty.status == 201 && empty.headers["Upload-Asset-Id"] != nil, "\(empty.text)")
            let wrong = try await world.tus(
                .POST, "/api/v1/uploads", ["Upload-Length": "5000", "Content-Type": "text/plain"], body: content)
            #expect(wrong.status == 415)
        }
    }

    @Test(arguments: StorageWorld.Place.allCases)
    func refusesByTheTable(place: StorageWorld.Place) async throws {
        try await withStorage(place, settings: ["UPLOAD_MAX_BYTES": "100000"]) { world in
            let path = try await create(world, 10)
            let here: HTTPHeaders = ["Upload-Offset": "0"]
            func with(_ name: String, _ value: String) -> HTTPHeaders {
                var headers = here
                headers.set(name, value)
                return headers
            }
            let data = Data("abc".utf8)
            let foreign = "/api/v1/uploads/\(UUID.v7().text)"
            let patches: [(String, HTTPHeaders, StorageWorld.Person?, Data, Int)] = [
                (path, with("Upload-Offset", "1"), nil, data, 409),
                (path, with("Content-Type", "text/plain"), nil, data, 415),
                (path, with("Tus-Resumable", "0.2.2"), nil, data, 412),
                (path, with("Tus-Resumable", "-"), nil, data, 412),
                (path, with("Upload-Offset", "-1"), nil, data, 400), (path, with("Upload-Offset", "x"), nil, data, 400),
                (path, HTTPHeaders(), nil, data, 400), (path, here, nil, Data(repeating: 1, count: 11), 413),
                (path, with("Upload-Checksum", "md5 AAAA"), nil, data, 400),
                (path, with("Upload-Checksum", "sha1 \(Data(repeating: 0, count: 20).base64)"), nil, data, 460),
                (path, with("Upload-Checksum", "sha1 AAAA"), nil, data, 400), (foreign, here, nil, data, 404),
                (path, here, world.bob, data, 404), ("/api/v1/uploads/7", here, nil, data, 404),
            ]
            for (target, headers, person, body, status) in patches {
                let answer = try await world.tus(.PATCH, target, headers, as: person, body: body)
                #expect(answer.status == status, "\(headers) \(answer.text)")
                #expect(answer.headers["Tus-Resumable"] == "1.0.0")
            }
            let posts: [(HTTPHeaders, Int)] = [
                (["Upload-Length": "100001"], 413), (["Upload-Length": "-1"], 400), (["Upload-Length": "1e3"], 400),
                ([:], 400),
                (["Upload-Defer-Length": "1"], 400), (["Upload-Length": "10", "Tus-Resumable": "2.0.0"], 412),
                (["Upload-Length": "10", "Upload-Metadata": "a !"], 400),
                (["Upload-Length": "10", "Upload-Metadata": "a YQ==,a YQ=="], 400),
                (["Upload-Length": "10", "Upload-Metadata": "projectId Nw=="], 400),
            ]
            for (headers, status) in posts {
                let answer = try await world.tus(.POST, "/api/v1/uploads", headers)
                #expect(answer.status == status, "\(headers) \(answer.text)")
                #expect(answer.headers["Tus-Resumable"] == "1.0.0")
                if status == 412 { #expect(answer.headers["Tus-Version"] == "1.0.0") }
            }
            for method in [HTTPMethod.HEAD, .DELETE] {
                #expect(try await world.tus(method, foreign).status == 404)
                #expect(try await world.tus(method, path, ["Tus-Resumable": "-"]).status == 412)
                #expect(try await world.tus(method, path, as: world.bob).status == 404)
            }
            let anonymous = try await world.ask(.HEAD, path, as: nil, ["Tus-Resumable": "1.0.0"])
            #expect(anonymous.status == 401 && anonymous.headers["Tus-Resumable"] == "1.0.0")
            let wrongMethod = try await world.tus(.PUT, path)
            #expect(wrongMethod.status == 405 && wrongMethod.headers["Tus-Resumable"] == "1.0.0")
            #expect(try await world.tus(.HEAD, path).headers["Upload-Offset"] == "0", "nothing of all this was kept")
        }
    }

    @Test(arguments: StorageWorld.Place.allCases)
    func provesParts(place: StorageWorld.Place) async throws {
        try await withStorage(place) { world in
            let content = Data.mp4(9000)
            let path = try await create(world, 9000)
            let good = try await world.tus(
                .PATCH, path,
                ["Upload-Offset": "0", "Upload-Checksum": "sha256 \(SHA256.hash(content.prefix(4000)).base64)"],
                body: content.prefix(4000))
            #expect(good.status == 204)
            let bad = try await world.tus(
                .PATCH, path,
                ["Upload-Offset": "4000", "Upload-Checksum": "sha1 \(SHA1.hash(Data("x".utf8)).base64)"],
                body: content[4000..<9000])
            #expect(bad.status == 460 && bad.json["code"] == "checksum_mismatch")
            #expect(try await world.tus(.HEAD, path).headers["Upload-Offset"] == "4000")
            let rest = try await world.tus(
                .PATCH, path,
                ["Upload-Offset": "4000", "Upload-Checksum": "sha1 \(SHA1.hash(Data(content[4000...])).base64)"],
                body: content[4000..<9000])
            #expect(rest.headers["Upload-Asset-Id"] != nil)
            let info = try await world.ask(
                .GET, "/api/v1/assets/\(rest.headers["Upload-Asset-Id"] ?? "")", as: world.ada
            ).json
            #expect(info["sha256"]?.stringValue == SHA256.hash(content).hex)
        }
    }

    @Test func unprovedBytesOfADeadProcessAreTakenAway() async throws {
        try await withStorage { world in
            let path = try await create(world, 100)
            let id = try #require(UUID(uuidString: String(path.suffix(36))))
            _ = try await world.tus(.PATCH, path, ["Upload-Offset": "0"], body: Data(repeating: 1, count: 10))
            // What a process leaves that dies within a part with a checksum.
            try await world.context.staging.file(id).append(Data(repeating: 9, count: 20), at: 10)
            try await world.postgres.execute("UPDATE upload SET unproved_from = 10 WHERE id = \(id)")
            #expect(try await world.tus(.HEAD, path).headers["Upload-Offset"] == "10")
        }
    }

    @Test func theLastStepIsDoneAgainAfterACrash() async throws {
        try await withStorage { world in
            let content = Data.mp4(50_000)
            // All bytes are there, and the process died before it made the asset.
            let first = try await create(world, content.count)
            let firstID = try #require(UUID(uuidString: String(first.suffix(36))))
            try await world.context.staging.file(firstID).append(content, at: 0)
            let asset = try #require(try await world.tus(.HEAD, first).headers["Upload-Asset-Id"])
            #expect(try await world.ask(.GET, "/api/v1/assets/\(asset)/content", as: world.ada).data == content)
            // It died between the rename and the commit.
            let second = try await create(world, content.count)
            let secondID = try #require(UUID(uuidString: String(second.suffix(36))))
            let upload = try await world.context.uploads.find(secondID, workspaceID: world.ada.workspaceID)
            let file = world.context.staging.file(secondID)
            try await file.append(content, at: 0)
            try await world.context.objects.adopt(file, as: upload.storageKey, contentType: "video/mp4")
            let head = try await world.tus(.HEAD, second)
            #expect(
                head.headers["Upload-Offset"] == "50000" && head.headers["Upload-Asset-Id"] != nil, "\(head.headers)")
            #expect(try await world.events("atelier.storage.v1.AssetCreated") == 2)
        }
    }

    /// No number holds what is there and what is announced together.
    @Test(arguments: StorageWorld.Place.allCases)
    func refusesTheLargestLengthThereIs(place: StorageWorld.Place) async throws {
        try await withStorage(place) { world in
            let path = try await create(world, 10)
            _ = try await world.tus(.PATCH, path, ["Upload-Offset": "0"], body: Data("abc".utf8))
            let port = try #require(Int(world.base.split(separator: ":").last ?? ""))
            let stream = try await TCPStream.connect(host: "127.0.0.1", port: port)
            try await stream.write(
                Data(
                    "PATCH \(path) HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(world.ada.token)\r\nTus-Resumable: 1.0.0\r\nContent-Type: \(type)\r\nUpload-Offset: 3\r\nContent-Length: \(Int64.max)\r\n\r\n"
                        .utf8))
            let answer = try #require(try await stream.read())
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 413 "))
            stream.close()
            #expect(try await world.tus(.HEAD, path).headers["Upload-Offset"] == "3")
        }
    }

    @Test(arguments: StorageWorld.Place.allCases)
    func keepsWhatCameBeforeACut(place: StorageWorld.Place) async throws {
        try await withStorage(place) { world in
            let content = Data.mp4(4_000_000)
            let path = try await create(world, content.count)
            let port = try #require(Int(world.base.split(separator: ":").last ?? ""))
            var generator = SeededRandom(seed: 42)
            var offset = 0
            var sent = 0
            for _ in 0..<12 {
                let cut = Int.random(in: offset...content.count - 1, using: &generator)
                let stream = try await TCPStream.connect(host: "127.0.0.1", port: port)
                try await stream.write(
                    Data(
                        "PATCH \(path) HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(world.ada.token)\r\nTus-Resumable: 1.0.0\r\nContent-Type: \(type)\r\nUpload-Offset: \(offset)\r\nContent-Length: \(content.count - offset)\r\n\r\n"
                            .utf8))
                try await stream.write(content[offset..<cut])
                stream.close()
                // The client comes back at once. What it is told is never less than before, and never more than it sent.
                var head = try await world.tus(.HEAD, path)
                while head.status == 423 { head = try await world.tus(.HEAD, path) }
                let now = Int(head.headers["Upload-Offset"] ?? "") ?? -1
                sent = max(sent, cut)
                #expect(now >= offset && now <= sent, "\(head.status): a part that was cut before may still have come")
                offset = max(offset, now)
            }
            #expect(offset > 0, "what came before a cut is kept")
            // The last cut part may still come in between: then the client asks again.
            var last = try await world.tus(.PATCH, path, ["Upload-Offset": String(offset)], body: content[offset...])
            while last.status == 409 {
                offset = Int(try await world.tus(.HEAD, path).headers["Upload-Offset"] ?? "") ?? offset
                last = try await world.tus(.PATCH, path, ["Upload-Offset": String(offset)], body: content[offset...])
            }
            let asset = try #require(last.headers["Upload-Asset-Id"])
            #expect(try await world.ask(.GET, "/api/v1/assets/\(asset)/content", as: world.ada).data == content)
        }
    }

    @Test(arguments: StorageWorld.Place.allCases)
    func aSecondWriterTakesOver(place: StorageWorld.Place) async throws {
        try await withStorage(place) { world in
            let path = try await create(world, 1000)
            let port = try #require(Int(world.base.split(separator: ":").last ?? ""))
            let head =
                "PATCH \(path) HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(world.ada.token)\r\nTus-Resumable: 1.0.0\r\nContent-Type: \(type)\r\nUpload-Offset: 0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
            var stuck: [TCPStream] = []
            // On a busy machine it is asked to stop before anything of it was read; then it comes again.
            for _ in 0..<20 {
                stuck.append(try await TCPStream.connect(host: "127.0.0.1", port: port))
                try await stuck[stuck.count - 1].write(Data(head.utf8))
                if try await world.tus(.HEAD, path).headers["Upload-Offset"] == "3" { break }
            }
            let next = try await world.tus(.PATCH, path, ["Upload-Offset": "3"], body: Data("defg".utf8))
            #expect(next.status == 204 && next.headers["Upload-Offset"] == "7", "\(next.text)")
            for stream in stuck { stream.close() }
        }
    }

    @Test(arguments: StorageWorld.Place.allCases)
    func endsUploads(place: StorageWorld.Place) async throws {
        try await withStorage(place, settings: ["UPLOAD_TTL_MS": "60000"]) { world in
            let path = try await create(world, 1000)
            _ = try await world.tus(.PATCH, path, ["Upload-Offset": "0"], body: Data("abc".utf8))
            let ended = try await world.tus(.DELETE, path)
            #expect(ended.status == 204, "\(ended.text)")
            #expect(try await world.tus(.HEAD, path).status == 410)
            #expect(try await world.tus(.PATCH, path, ["Upload-Offset": "3"], body: Data("x".utf8)).status == 410)
            #expect(try await world.tus(.DELETE, path).status == 410)
            #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder + "/staging").isEmpty)
        }
    }

    @Test func sweepsWhatWasGivenUp() async throws {
        try await withStorage { world in
            let live = try await create(world, 1000)
            _ = try await world.tus(.PATCH, live, ["Upload-Offset": "0"], body: Data("abc".utf8))
            var dead: [String] = []
            for _ in 0..<20 {
                let path = try await create(world, 1000)
                _ = try await world.tus(.PATCH, path, ["Upload-Offset": "0"], body: Data("abc".utf8))
                dead.append(path)
            }
            try await world.postgres.execute(
                "UPDATE upload SET expires_at = now() - interval '1 second' WHERE id <> \(UUID(uuidString: String(live.suffix(36))))"
            )
            try await world.context.staging.file(UUID()).append(Data("orphan".utf8), at: 0)
            try await Sweeper(world.context).sweep()
            #expect(try await world.context.uploads.sweepFiles(olderThan: .seconds(-5)) == 1)
            #expect(try await world.tus(.HEAD, live).headers["Upload-Offset"] == "3")
            for path in dead { #expect(try await world.tus(.HEAD, path).status == 410) }
            try await StorageGauges(world.context).measure()
            let told = world.context.platform.metrics.text()
            #expect(told.contains("\nstorage_uploads_open 1\n") && told.contains("\nstorage_uploads_open_bytes 1000\n"))
            #expect(told.contains("\nstorage_disk_free_bytes ") && told.contains("\nstorage_quota_used_ratio 0\n"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder + "/staging").count == 1)
        }
    }

    @Test(arguments: StorageWorld.Place.allCases)
    func speaksThroughPost(place: StorageWorld.Place) async throws {
        try await withStorage(place) { world in
            let path = try await create(world, 3)
            let answer = try await world.tus(
                .POST, path, ["X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": type],
                body: Data("abc".utf8))
            #expect(answer.status == 204 && answer.headers["Upload-Asset-Id"] != nil)
            #expect(try await world.tus(.POST, path, ["X-HTTP-Method-Override": "GET"]).status == 405)
        }
    }
}
