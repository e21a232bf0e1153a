import FoundationEssentials
import HTTP
import NetworkClient
import ObjectStore
import Postgres
import Primitives
import Synchronization
import Testing

@testable import ServiceKit
@testable import StorageService

@Suite("An operator holds objects and rows against each other", .timeLimit(.minutes(2)))
struct ScanTests {
    /// An id that was made two days ago.
    private func old() -> UUID {
        var bytes = UUID.v7().uuid
        let milliseconds = UInt64((Date().timeIntervalSince1970 - 172_800) * 1000)
        withUnsafeMutableBytes(of: &bytes) { raw in
            for index in 0..<6 { raw[index] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(40 - index * 8)) }
        }
        return UUID(uuid: bytes)
    }

    private func scan(
        _ world: StorageWorld, compares: Int = 0, applies: Bool = false
    ) async throws -> Scan.Report {
        var scan = Scan(
            store: ScanStore(postgres: world.postgres), garbage: GarbageStore(postgres: world.postgres),
            objects: world.context.objects)
        // Pages that do not hold everything.
        (scan.comparesEach, scan.applies, scan.page) = (compares, applies, 2)
        return try await scan.run()
    }

    private func put(_ world: StorageWorld, _ key: String, _ text: String) async throws {
        let file = world.context.staging.file(.v7())
        try await file.append(Data(text.utf8), at: 0)
        try await world.context.objects.adopt(file, as: key, contentType: "text/plain")
    }

    private func upload(_ world: StorageWorld) async throws -> (id: UUID, key: String) {
        let made = try await world.ask(.POST, "/api/v1/assets?filename=a", as: world.ada, body: .data(.png))
        let id = try #require(made.json["id"]?.stringValue.flatMap { UUID(uuidString: $0) })
        let key = try await world.postgres.query("SELECT storage_key FROM asset WHERE id = \(id)")[0]
            .decode(String.self)
        return (id, key)
    }

    @Test("a storage in order has nothing to tell")
    func inOrder() async throws {
        try await withStorage { world in
            for _ in 0..<5 { _ = try await upload(world) }
            try await put(world, "\(UUID.v7().text)/\(UUID.v7().text)", "on its way")
            let report = try await scan(world, compares: 1)
            #expect(report.rows == 5 && report.objects == 6 && report.compared == 5)
            #expect(report.bytes == Int64(Data.png.count * 5 + 10))
            for findings in [report.orphans, report.missing, report.sizes, report.digests, report.foreign] {
                #expect(findings.count == 0, "\(findings.examples)")
            }
            #expect(report.counts.count == 0 && report.condemned.count == 0)
        }
    }

    @Test("every kind of damage is found; what is certain is repaired, once, and nothing else is touched")
    func damage() async throws {
        try await withStorage { world in
            let (lost, short, other) = (try await upload(world), try await upload(world), try await upload(world))
            let condemned = try await upload(world)
            let objects = world.folder + "/objects/"
            try FileManager.default.removeItem(atPath: objects + lost.key)
            try Data("short".utf8).write(to: URL(filePath: objects + short.key))
            var content = Data.png
            content[100] ^= 1
            try content.write(to: URL(filePath: objects + other.key))
            let orphan = "\(world.ada.workspaceID.text)/\(old().text)"
            try await put(world, orphan, "nobody's")
            try await put(world, "backup/notes.txt", "not ours")
            // An upload that took two days, and whose last step is not done yet.
            let slow = old()
            try await put(world, "\(world.ada.workspaceID.text)/\(slow.text)", "mine")
            try await world.postgres.execute(
                """
                INSERT INTO upload (id, workspace_id, owner_id, asset_id, length, filename, metadata, expires_at)
                VALUES (\(UUID.v7()), \(world.ada.workspaceID), \(world.ada.userID), \(slow), 4, 'a', '',
                    now() + interval '1 hour')
                """)
            try await world.postgres.execute("INSERT INTO garbage (storage_key) VALUES (\(condemned.key))")
            try await world.postgres.execute("UPDATE usage SET bytes = bytes + 7")

            // Without being told to, it changes nothing.
            for _ in 0..<2 {
                let report = try await scan(world, compares: 1)
                #expect(report.missing.examples == [lost.key])
                #expect(report.sizes.examples.map { $0.hasPrefix(short.key) } == [true])
                #expect(report.digests.examples == [other.key])
                #expect(report.orphans.count == 2 && report.orphans.examples.contains(orphan))
                #expect(report.foreign.examples == ["backup/notes.txt"])
                #expect(report.condemned.examples == [condemned.key])
                #expect(report.counts.examples == [world.ada.workspaceID.text])
                #expect(report.uploadsOpen == 1 && report.uploadsExpired == 0)
                #expect(report.orphans.repaired + report.condemned.repaired + report.counts.repaired == 0)
            }
            #expect(try await scan(world).digests.count == 0, "nothing is read where it was not told to")

            let repaired = try await scan(world, applies: true)
            #expect(repaired.orphans.repaired == 1, "the upload's object stays")
            #expect(repaired.condemned.repaired == 1 && repaired.counts.repaired == 1)
            try await Sweeper(world.context).sweep()
            let kept = try await world.context.objects.list(prefix: "", after: nil, limit: 10).map(\.key)
            #expect(!kept.contains(orphan))
            #expect(kept.contains(condemned.key) && kept.contains("backup/notes.txt"))
            #expect(kept.contains("\(world.ada.workspaceID.text)/\(slow.text)"))
            let after = try await scan(world, compares: 1, applies: true)
            #expect(after.orphans.repaired + after.condemned.count + after.counts.count == 0)
            #expect(after.missing.count == 1 && after.sizes.count == 1 && after.digests.count == 1)
        }
    }

    @Test("an object that a row names is not swept away, even where it was to be")
    func namedStays() async throws {
        try await withStorage { world in
            let asset = try await upload(world)
            try await world.postgres.execute("INSERT INTO garbage (storage_key) VALUES (\(asset.key))")
            try await Sweeper(world.context).sweep()
            #expect(try await world.context.objects.info(asset.key) != nil)
        }
    }

    @Test("the executable's words: dry by default, for people and for programs")
    func words() async throws {
        try await withStorage { world in
            _ = try await upload(world)
            let database = world.context.platform.configuration.databaseURL
            let environment = [
                "DATABASE_URL": database, "SERVICE_SECRET": StorageWorld.secret, "OBJECT_FOLDER": world.folder,
                "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
            ]
            func say(_ words: String) async -> (code: Int32, text: String) {
                let written = Mutex("")
                let read = Reading<StorageConfiguration>(environment: environment, port: 8089)
                let code = await definition.command(words.split(separator: " ").map(String.init), read) { text in
                    written.withLock { $0 += text }
                }
                return (code, written.withLock { $0 })
            }
            let text = await say("scan --compare all").text
            #expect(text.contains("contents compared  1\n") && text.contains("objects without a row"))
            let dry = await say("repair")
            #expect(dry.code == 0 && dry.text.hasSuffix("with --apply it is done.\n"))
            let report = try JSON.decode(JSONValue.self, from: await say("repair --apply --json").text)
            #expect(report["applied"] == true && report["rows"] == 1 && report["orphans"]?["count"] == 0)
            for words in ["scan --compare", "scan --apply", "scan now", "repair --compare --apply"] {
                #expect(await say(words).code == 64, "\(words)")
            }
            #expect(await say("scan --compare some").code == 1)
        }
    }
}
