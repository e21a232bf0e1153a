import FoundationEssentials
import HTTP
import NetworkClient
import ObjectStore
import Primitives
import TestKit
import Testing

@testable import StorageService

/// A disk of 16 MiB that fills up (R17). Needs the right to mount.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct FullDiskTests {
    private func withSmallDisk(_ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/atelier-disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard (try? Command.run("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder])) != nil else {
            print("SKIPPED LOUDLY: a full disk, since this user may not mount one")
            return
        }
        defer {
            _ = try? Command.run("/usr/bin/umount", ["-l", folder])
            try? FileManager.default.removeItem(atPath: folder)
        }
        try await body(folder)
    }

    @Test func nothingIsLostAndNothingIsHalf() async throws {
        try await withSmallDisk { disk in
            try await withStorage(settings: ["OBJECT_FOLDER": disk]) { world in
                let large = Data.mp4(20 << 20)
                let whole = Data.mp4(5 << 20)
                func upload(_ content: Data) async throws -> StorageWorld.Answer {
                    try await world.ask(.POST, "/api/v1/assets?filename=a.mp4", as: world.ada, body: .data(content))
                }
                #expect(try await upload(whole).status == 201)
                let full = try await upload(large)
                #expect(full.status == 507 && full.json["code"] == "storage_full", "\(full.text)")
                #expect(full.headers["Retry-After"] != nil)
                #expect(try FileManager.default.contentsOfDirectory(atPath: disk + "/staging").isEmpty)

                // An upload by tus keeps what found room, and goes on when there is more of it.
                let made = try await world.tus(.POST, "/api/v1/uploads", ["Upload-Length": String(whole.count * 2)])
                let path = try #require(made.headers["Location"])
                let twice = whole + whole
                let filler = try await upload(Data.mp4(4 << 20))
                #expect(filler.status == 201)
                let part = try await world.tus(.PATCH, path, ["Upload-Offset": "0"], body: twice)
                #expect(part.status == 507, "\(part.text)")
                let offset = Int(try await world.tus(.HEAD, path).headers["Upload-Offset"] ?? "") ?? -1
                #expect(offset > 0 && offset < twice.count)
                let objects = try await world.context.objects.list(prefix: "", after: nil, limit: 10)
                #expect(objects.map(\.size).sorted() == [4 << 20, 5 << 20])

                let gone = filler.json["id"]?.stringValue ?? ""
                #expect(try await world.ask(.DELETE, "/api/v1/assets/\(gone)", as: world.ada).status == 204)
                try await Sweeper(world.context).sweep()
                let rest = try await world.tus(.PATCH, path, ["Upload-Offset": String(offset)], body: twice[offset...])
                #expect(rest.status == 204, "\(rest.text)")
                let asset = try #require(rest.headers["Upload-Asset-Id"])
                #expect(try await world.ask(.GET, "/api/v1/assets/\(asset)/content", as: world.ada).data == twice)
                #expect(try await world.events("atelier.storage.v1.AssetCreated") == 3)
            }
        }
    }
}
