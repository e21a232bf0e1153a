import Auth
import Events
import Foundation
import Images
import Jobs
import Postgres
import Primitives
import Telemetry
import TestKit
import Testing

@testable import MediaWorkerService

extension HostileMedia {
    @Suite struct WorkTests {
        /// What happens to a photograph and a film after their upload (design §3, MED-001, MED-002).
        @Test func newAssetsGetTheirForms() async throws {
            try await withBench { bench in
                let photo = try await bench.create(TestMedia.photograph, kind: "image")
                let film = try await bench.create(TestMedia.film, kind: "video")
                let jobs = try await bench.running { try await bench.settled() }
                #expect(jobs.count == 7)
                for job in jobs { #expect(job.status == .succeeded, "\(job.kind): \(job.errorMessage ?? "")") }
                let small = ["preview", "preview-webp", "thumbnail", "thumbnail-webp"]
                #expect(bench.storage.renditions(photo).keys.sorted() == small)
                let forms = bench.storage.renditions(film)
                #expect(
                    forms.keys.filter { !$0.hasPrefix("hls/") }.sorted()
                        == (small + ["proxy", "waveform", "waveform-png"]).sorted())
                #expect(forms["proxy"]?.contentType == "video/mp4" && forms["proxy"]?.width == 854)
                #expect(forms["hls/master.m3u8"]?.contentType == "application/vnd.apple.mpegurl")
                #expect(forms["hls/480p/seg00007.ts"]?.contentType == "video/mp2t")
                #expect(bench.storage.described(photo)?["width"]?.intValue == 600)
                #expect(bench.storage.described(film)?["metadata"]?["shots"]?.arrayValue?.count ?? 0 >= 3)
                let probed = try await bench.events(AssetProbed.self)
                #expect(Set(probed.map(\.assetID)) == [photo, film] && probed.count == 2)
                let changes = try await bench.events(WorkChanged.self)
                let streamed = changes.filter { $0.kind == "hls" }
                #expect(streamed.first?.status == "pending" && streamed.last?.status == "succeeded")
                #expect(bench.folder.contents.isEmpty)
            }
        }

        @Test func damagedMediaFailsOnceAndSaysWhy() async throws {
            try await withBench { bench in
                let file = try TemporaryFolder("damaged")
                try Data("no film at all".utf8).write(to: URL(filePath: file.file("x.mp4")))
                let asset = try await bench.create(file.file("x.mp4"), kind: "video")
                let jobs = try await bench.running { try await bench.settled() }
                for job in jobs {
                    #expect(job.status == .failed && job.errorCode == "unsupported_format" && job.tries == 1)
                }
                #expect(bench.storage.renditions(asset).isEmpty)
                #expect(try await bench.events(AssetProbed.self).isEmpty)
                #expect(bench.folder.contents.isEmpty)
            }
        }

        @Test func aJobThatIsCancelledLeavesNothing() async throws {
            try await withBench { bench in
                let film = try await bench.create(TestMedia.film, kind: "video")
                try await bench.running {
                    try await eventually("hls is under way", within: .seconds(60)) {
                        try await bench.job(film, .hls).map { $0.status == .running && $0.progress > 5 } ?? false
                    }
                    _ = try await bench.postgres.withTransaction { tx in
                        try await bench.store.cancel(.derived(from: film, "hls"), in: tx) != nil
                    }
                    _ = try await bench.settled()
                }
                #expect(try await bench.job(film, .hls)?.status == .cancelled)
                #expect(bench.storage.renditions(film).keys.filter { $0.hasPrefix("hls/") }.isEmpty)
                #expect(bench.folder.contents.isEmpty)
                bench.work.sandbox.children.sweep(all: true)
                #expect(TestSandbox.leftovers.isEmpty)
            }
        }

        @Test func editsAndTranscodesByTheAPI() async throws {
            try await withBench { bench in
                let photo = bench.storage.add(TestMedia.photograph, kind: "image", workspace: bench.workspace)
                let film = bench.storage.add(TestMedia.film, kind: "video", workspace: bench.workspace)
                let edit: JSONValue = [
                    "operations": [
                        ["type": "crop", "x": 100, "y": 50, "width": 300, "height": 200],
                        ["type": "exposure", "stops": 0.5],
                    ], "format": "webp",
                ]
                let edited = try await bench.post("/api/v1/assets/\(photo.text)/photo-edits", edit, key: "k1")
                #expect(edited.status == 202 && edited.json["status"] == "pending")
                let again = try await bench.post("/api/v1/assets/\(photo.text)/photo-edits", edit, key: "k1")
                #expect(again.json["id"] == edited.json["id"])
                let other = try await bench.post(
                    "/api/v1/assets/\(photo.text)/photo-edits", ["operations": [["type": "invert"]]], key: "k1")
                #expect(other.status == 422)
                let shorter = try await bench.post(
                    "/api/v1/assets/\(film.text)/transcodes",
                    ["format": "webm", "maxHeight": 120, "startMs": 12_000, "endMs": 13_000])
                #expect(shorter.status == 202)
                let queue = RenderQueue(postgres: bench.postgres, metrics: .shared)
                #expect(try await queue.measure() == 2)
                let jobs = try await bench.running { try await bench.settled() }
                #expect(jobs.count == 2)
                for job in jobs { #expect(job.status == .succeeded, "\(job.errorMessage ?? "")") }
                let output = try #require(jobs.first { $0.kind == "photo-edit" }?.output)
                let id = try #require(output["assetId"]?.stringValue.flatMap { UUID(uuidString: $0) })
                #expect(bench.storage.made(id)?["filename"] == "coffee-edited.webp")
                #expect(bench.storage.made(id)?["width"] == 300)
                #expect(bench.storage.renditions(film).keys.contains { $0.hasSuffix(".webm") })
            }
        }

        @Test func wrongRequestsAreNamed() async throws {
            try await withBench { bench in
                let photo = bench.storage.add(TestMedia.photograph, kind: "image", workspace: bench.workspace)
                let film = bench.storage.add(TestMedia.film, kind: "video", workspace: bench.workspace)
                let foreign = bench.storage.add(TestMedia.photograph, kind: "image", workspace: .v7())
                let invert: JSONValue = ["operations": [["type": "invert"]]]
                func edit(_ asset: String, _ body: JSONValue, role: String = "admin") async throws -> (Int, JSONValue) {
                    let answer = try await bench.post(
                        "/api/v1/assets/\(asset)/photo-edits", body, role: role == "admin" ? .admin : .user)
                    return (
                        answer.status, answer.json["errors"]?.arrayValue?.first?["field"] ?? answer.json["code"] ?? ""
                    )
                }
                #expect(try await edit(foreign.text, invert) == (404, "not_found"))
                #expect(try await edit(UUID.v7().text, invert) == (404, "not_found"))
                #expect(try await edit("x", invert) == (404, "not_found"))
                #expect(try await edit(film.text, invert) == (422, "wrong_kind"))
                #expect(try await edit(photo.text, invert, role: "user") == (403, "forbidden"))
                #expect(try await edit(photo.text, ["operations": []]) == (400, "operations"))
                #expect(
                    try await edit(
                        photo.text, ["operations": [["type": "crop", "x": 500, "y": 0, "width": 200, "height": 9]]])
                        == (400, "operations[0].width"))
                #expect(try await edit(photo.text, ["operations": [["type": "melt"]]]) == (400, "operations[0].type"))
                let spec = try await bench.post("/api/v1/assets/\(film.text)/transcodes", ["format": "avi"])
                #expect(spec.status == 400)
                let late = try await bench.post(
                    "/api/v1/assets/\(film.text)/transcodes", ["format": "mp4", "startMs": 40_000])
                #expect(late.json["errors"]?.arrayValue?.first?["field"] == "startMs")
                let render = try await bench.post(
                    "/api/v1/videos/render", ["timeline": ["title": "x", "scenes": []]])
                #expect(render.status == 400)
                let scene: JSONValue = [
                    "id": "a", "startMs": 0, "durationMs": 2000,
                    "visual": ["kind": "photo", "assetId": .string(foreign.text)],
                ]
                let stolen = try await bench.post(
                    "/api/v1/videos/render", ["timeline": ["title": "x", "scenes": [scene]]])
                #expect(stolen.status == 404)
                #expect(try await bench.store.jobs(workspaceID: bench.workspace).isEmpty)
            }
        }

        @Test func aTimelineBecomesAFilm() async throws {
            try await withBench { bench in
                let photo = bench.storage.add(TestMedia.photograph, kind: "image", workspace: bench.workspace)
                let timeline: JSONValue = [
                    "title": "A short one", "width": 320, "height": 240, "fps": 12,
                    "scenes": [
                        [
                            "id": "a", "startMs": 0, "durationMs": 1500,
                            "visual": ["kind": "photo", "assetId": .string(photo.text)],
                        ]
                    ],
                ]
                let answer = try await bench.post("/api/v1/videos/render", ["timeline": timeline])
                #expect(answer.status == 202, "\(answer.json)")
                let jobs = try await bench.running { try await bench.settled() }
                #expect(jobs.first?.status == .succeeded, "\(jobs.first?.errorMessage ?? "")")
                let id = try #require(
                    jobs.first?.output?["assetId"]?.stringValue.flatMap { UUID(uuidString: $0) })
                #expect(bench.storage.made(id)?["filename"] == "A short one.mp4")
                #expect(bench.storage.renditions(id)["contact-sheet"]?.contentType == "image/jpeg")
                #expect(bench.folder.contents.isEmpty)
            }
        }
    }
}
