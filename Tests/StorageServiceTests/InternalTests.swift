import Events
import FoundationEssentials
import HTTP
import NetworkClient
import ObjectStore
import Postgres
import Primitives
import Testing

@testable import StorageService

/// What the other services of the fleet do here.
@Suite(.timeLimit(.minutes(2)))
struct InternalTests {
    private func announce(_ world: StorageWorld, id: UUID) async throws -> String {
        let answer = try await world.askInternally(
            .POST, "/internal/v1/assets",
            [
                "id": .string(id.text), "workspaceId": .string(world.ada.workspaceID.text),
                "ownerId": .string(world.ada.userID.text), "filename": "voice.wav", "contentType": "audio/wav",
                "kind": "audio", "origin": "generated", "provider": "embedded", "prompt": "hello",
                "metadata": ["durationMs": 1200, "agentOutput": ["a": 1]],
            ])
        #expect(answer.status == 201, "\(answer.text)")
        return try #require(answer.json["uploadUrl"]?.stringValue)
    }

    @Test func workThatIsDoneAgainFindsItsAsset() async throws {
        try await withStorage { world in
            let id = UUID.v7()
            let sound = Data("RIFF____WAVEfmt ".utf8)
            let url = try await announce(world, id: id)
            #expect(try await world.ask(.PUT, url, as: nil, body: .data(sound)).status == 201)
            #expect(try await world.ask(.PUT, url, as: nil, body: .data(sound)).status == 200)
            let again = try await announce(world, id: id)
            #expect(try await world.ask(.PUT, again, as: nil, body: .data(sound)).status == 200)
            let other = try await world.ask(.PUT, again, as: nil, body: .data(Data("x".utf8)))
            #expect(other.status == 409 && other.json["code"] == "asset_exists")
            #expect(try await world.events("atelier.storage.v1.AssetCreated") == 1)
            #expect(try await world.context.objects.list(prefix: "", after: nil, limit: 10).count == 1)
            let asset = try await world.askInternally(
                .GET, "/internal/v1/assets/\(id.text)?workspaceId=\(world.ada.workspaceID.text)")
            #expect(asset.json["durationMs"] == 1200 && asset.json["metadata"]?["agentOutput"]?["a"] == 1)
            #expect(asset.json["origin"] == "generated" && asset.json["provider"] == "embedded")
            let foreign = try await world.askInternally(
                .GET, "/internal/v1/assets/\(id.text)?workspaceId=\(world.bob.workspaceID.text)")
            #expect(foreign.status == 404)
        }
    }

    @Test func onlyServicesMayAsk() async throws {
        try await withStorage { world in
            for (method, path) in [
                (HTTPMethod.POST, "/internal/v1/assets"), (.GET, "/internal/v1/assets/\(UUID.v7().text)"),
                (.POST, "/internal/v1/assets/\(UUID.v7().text)/url"),
                (.POST, "/internal/v1/assets/\(UUID.v7().text)/renditions"),
            ] {
                #expect(try await world.ask(method, path, as: world.ada).status == 401)
                #expect(try await world.ask(method, path, as: nil).status == 401)
            }
            let url = try await announce(world, id: .v7())
            let forged = url.dropLast(4) + "AAAA"
            #expect(try await world.ask(.PUT, String(forged), as: nil, body: .data(.png)).status == 404)
        }
    }

    @Test func givesURLsToReadFrom() async throws {
        try await withStorage { world in
            let id = UUID.v7()
            let url = try await announce(world, id: id)
            _ = try await world.ask(.PUT, url, as: nil, body: .data(.png))
            let wanted: JSONValue = ["workspaceId": .string(world.ada.workspaceID.text)]
            let answer = try await world.askInternally(.POST, "/internal/v1/assets/\(id.text)/url", wanted)
            #expect(answer.status == 200 && answer.json["filename"] == "voice.wav")
            #expect(answer.json["size"]?.intValue == Int64(Data.png.count))
            let read = try await world.ask(
                .GET, answer.json["url"]?.stringValue ?? "", as: nil, ["Range": "bytes=8-11"])
            #expect(read.status == 206 && read.data == Data.png[8...11])
            let foreign: JSONValue = ["workspaceId": .string(world.bob.workspaceID.text)]
            #expect(try await world.askInternally(.POST, "/internal/v1/assets/\(id.text)/url", foreign).status == 404)
        }
    }

    @Test func renditionsComeAndAreReplaced() async throws {
        try await withStorage { world in
            let id = UUID.v7()
            let url = try await announce(world, id: id)
            _ = try await world.ask(.PUT, url, as: nil, body: .data(.png))
            func put(_ name: String, _ text: String) async throws -> Int {
                let intent = try await world.askInternally(
                    .POST, "/internal/v1/assets/\(id.text)/renditions",
                    [
                        "workspaceId": .string(world.ada.workspaceID.text), "name": .string(name),
                        "contentType": "video/mp2t",
                    ])
                guard intent.status == 201 else { return intent.status }
                return try await world.ask(
                    .PUT, intent.json["uploadUrl"]?.stringValue ?? "", as: nil, body: .data(Data(text.utf8))
                ).status
            }
            #expect(try await put("hls/720p/seg0.ts", "one") == 201)
            #expect(try await put("hls/720p/seg0.ts", "one") == 200)
            #expect(try await put("hls/720p/seg0.ts", "two!") == 201)
            #expect(try await put("../x", "a") == 400)
            let path = "/api/v1/assets/\(id.text)/renditions"
            let content = try await world.ask(.GET, "\(path)/hls/720p/seg0.ts", as: world.ada)
            #expect(content.text == "two!" && content.headers["Content-Type"] == "video/mp2t")
            let list = try await world.ask(.GET, path, as: world.ada).json["items"]?.arrayValue
            #expect(list?.map { $0["name"] } == ["hls/720p/seg0.ts"])
            #expect(try await world.context.usage.total() == Int64(Data.png.count) + 4)
            try await Sweeper(world.context).sweep()
            #expect(try await world.context.objects.list(prefix: "", after: nil, limit: 10).count == 2)
        }
    }

    @Test func keepsWhatTheProbeFound() async throws {
        try await withStorage { world in
            let made = try await world.ask(
                .POST, "/api/v1/assets?filename=a.mp4", as: world.ada, body: .data(.mp4(1000)))
            let id = try #require(made.json["id"]?.stringValue.flatMap(UUID.init(uuidString:)))
            let probed = AssetProbed(
                assetID: id, workspaceID: world.ada.workspaceID, kind: "video", width: 1920, height: 1080,
                durationMs: 20_000, metadataJSON: #"{"shots":[{"startMs":0,"endMs":100}]}"#)
            try await world.postgres.withTransaction { try await world.context.assets.apply(probed, in: $0) }
            let asset = try await world.ask(.GET, "/api/v1/assets/\(id.text)", as: world.ada).json
            #expect(asset["width"] == 1920 && asset["durationMs"] == 20_000)
            #expect(asset["metadata"]?["media"]?["shots"]?.arrayValue?.count == 1)
            let change: JSONValue = ["workspaceId": .string(world.ada.workspaceID.text), "metadata": ["note": "x"]]
            let patched = try await world.askInternally(.PATCH, "/internal/v1/assets/\(id.text)", change)
            #expect(patched.json["metadata"]?["note"] == "x" && patched.json["metadata"]?["media"] != nil)
            #expect(patched.json["height"] == 1080)
        }
    }

    @Test func objectsThatNoRowNamesAreFound() async throws {
        try await withStorage { world in
            let made = try await world.ask(.POST, "/api/v1/assets?filename=a", as: world.ada, body: .data(.png))
            #expect(made.status == 201)
            let file = world.context.staging.file(.v7())
            try await file.append(Data("lost".utf8), at: 0)
            try await world.context.objects.adopt(
                file, as: "\(UUID.v7().text)/\(UUID.v7().text)", contentType: "text/plain")
            let sweeper = Sweeper(world.context)
            try await sweeper.audit()
            try await sweeper.sweep()
            #expect(try await world.context.objects.list(prefix: "", after: nil, limit: 10).count == 2, "it may be new")
            try await sweeper.audit(olderThan: .seconds(-60))
            try await sweeper.sweep()
            #expect(
                try await world.context.objects.list(prefix: "", after: nil, limit: 10).map(\.size) == [
                    Int64(Data.png.count)
                ])
        }
    }
}
