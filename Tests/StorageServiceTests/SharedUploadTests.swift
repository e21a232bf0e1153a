import Crypto
import FoundationEssentials
import HTTP
import HTTPServer
import ObjectStore
import Postgres
import Primitives
import TestKit
import Testing

@testable import StorageService

/// Uploads in an S3 store that several replicas write.
@Suite(.timeLimit(.minutes(3)))
struct SharedUploadTests {
    private let type = "application/offset+octet-stream"

    private func create(_ world: StorageWorld, _ length: Int) async throws -> (path: String, id: UUID) {
        let answer = try await world.tus(.POST, "/api/v1/uploads", ["Upload-Length": String(length)])
        let path = try #require(answer.headers["Location"], "\(answer.text)")
        return (path, try #require(UUID(uuidString: String(path.suffix(36)))))
    }

    private func patch(_ world: StorageWorld, _ path: String, _ content: Data, _ part: Range<Int>) async throws
        -> StorageWorld.Answer
    {
        try await world.tus(.PATCH, path, ["Upload-Offset": String(part.lowerBound)], body: Data(content[part]))
    }

    /// Begins a PATCH that announces much, sends some and then says nothing.
    private func beginPatch(_ world: StorageWorld, _ path: String, _ content: Data) async throws -> TCPStream {
        let port = try #require(Int(world.base.split(separator: ":").last ?? ""))
        let stream = try await TCPStream.connect(host: "127.0.0.1", port: port)
        let head = """
            PATCH \(path) HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer \(world.ada.token)\r\nTus-Resumable: 1.0.0\r\n\
            Content-Type: \(type)\r\nUpload-Offset: 0\r\nContent-Length: 40000000\r\n\r\n
            """
        try await stream.write(Data(head.utf8))
        try await stream.write(content)
        return stream
    }

    /// Parts, tails that grow into parts, requests of a byte: each goes to the other replica.
    @Test func replicasTakeTurns() async throws {
        try await withSharedStorage { first, store in
            try await first.withReplica { second in
                let content = Data.large(22 << 20)
                let (path, _) = try await create(first, content.count)
                var begin = 0
                for (index, end) in [100, 3 << 20, 12 << 20, (12 << 20) + 1, 21 << 20, content.count].enumerated() {
                    let (one, other) = index % 2 == 0 ? (first, second) : (second, first)
                    let answer = try await patch(one, path, content, begin..<end)
                    #expect(answer.status == 204, "\(answer.text)")
                    #expect(try await other.tus(.HEAD, path).headers["Upload-Offset"] == String(end))
                    begin = end
                }
                let asset = try #require(try await first.tus(.HEAD, path).headers["Upload-Asset-Id"])
                let info = try await second.ask(.GET, "/api/v1/assets/\(asset)", as: second.ada).json
                #expect(info["sha256"]?.stringValue == SHA256.hash(content).hex && info["contentType"] == "video/mp4")
                #expect(try await second.ask(.GET, "/api/v1/assets/\(asset)/content", as: first.ada).data == content)
                #expect(try await first.events("atelier.storage.v1.AssetCreated") == 1)
                try await Sweeper(second.context).sweep()
                #expect(store.objects.count == 1 && store.unfinished.isEmpty, "no tail is left")
            }
        }
    }

    /// The client comes back to another replica, before the first has noticed that it is gone.
    @Test func aSilentWriterElsewhereGivesUp() async throws {
        try await withSharedStorage { first, _ in
            try await first.withReplica { second in
                let content = Data.large(9 << 20)
                let (path, _) = try await create(first, 40_000_000)
                let stuck = try await beginPatch(first, path, content)
                // Where it asks before all came, what had come is kept, and the rest is refused.
                let told = try #require(Int(try await second.tus(.HEAD, path).headers["Upload-Offset"] ?? ""))
                let next = try await patch(second, path, content + content, told..<told + 10)
                #expect(told <= content.count && next.status == 204, "\(told) \(next.text)")
                #expect(try await first.tus(.HEAD, path).headers["Upload-Offset"] == String(told + 10))
                stuck.close()
            }
        }
    }

    @Test func whoDiedLosesTheUploadByTime() async throws {
        try await withSharedStorage { world, _ in
            let (path, id) = try await create(world, 100)
            let leases = LeaseStore(postgres: world.postgres, lifetime: .seconds(2))
            guard case .taken = try await leases.take(id) else { throw NeverHappened(description: "no lease") }
            // Nobody is sent away for it: it is waited for.
            let answer = try await patch(world, path, Data(repeating: 1, count: 100), 0..<10)
            #expect(answer.status == 204, "\(answer.text)")
        }
    }

    @Test func whoWaitsTooLongIsToldSo() async throws {
        try await withSharedStorage { world, _ in
            let (_, id) = try await create(world, 100)
            let leases = LeaseStore(postgres: world.postgres)
            guard case .taken(let epoch) = try await leases.take(id) else {
                throw NeverHappened(description: "no lease")
            }
            let problem = await #expect(throws: Problem.self) {
                try await UploadLease(leases: leases).withLease(id, patience: .milliseconds(200)) { _ in }
            }
            #expect(problem?.status == .locked && problem?.headers["Retry-After"] == "1")
            #expect(try await leases.renew(id, epoch: epoch) == true, "the holder is told that it is wanted")
            try await leases.release(id, epoch: epoch)
            #expect(try await leases.renew(id, epoch: epoch) == nil, "what was given back is not taken again")
            try await UploadLease(leases: leases).withLease(id, patience: .zero) { #expect($0.epoch == epoch + 1) }
        }
    }

    /// A writer that was held up, and whose lease ended meanwhile, records nothing.
    @Test func aLateWriterChangesNothing() async throws {
        try await withSharedStorage { world, _ in
            let (path, id) = try await create(world, 100)
            let leases = LeaseStore(postgres: world.postgres, lifetime: .milliseconds(1))
            guard case .taken(let late) = try await leases.take(id) else {
                throw NeverHappened(description: "no lease")
            }
            let content = Data.large(100)
            #expect(try await patch(world, path, content, 0..<60).status == 204)
            let store = world.context.uploadParts
            let before = try await store.bytes(id)
            await #expect(throws: Problem.self) { try await store.number(id, epoch: late) }
            await #expect(throws: Problem.self) { try await store.begin(id, multipart: "late", epoch: late) }
            await #expect(throws: Problem.self) {
                try await store.record(id, parts: [], bytes: Upload.Bytes(stored: 99), epoch: late)
            }
            #expect(try await leases.renew(id, epoch: late) == nil)
            let after = try await store.bytes(id)
            #expect(after.stored == 60 && after.tailKey == before.tailKey && after.multipart == nil)
            #expect(try await patch(world, path, content, 60..<100).headers["Upload-Asset-Id"] != nil)
        }
    }

    /// Of a request whose checksum is wrong nothing counts, also where parts of it were stored.
    @Test func provesWhatIsLargerThanAPart() async throws {
        try await withSharedStorage { world, store in
            let content = Data.large(18 << 20)
            let (path, _) = try await create(world, content.count)
            #expect(try await patch(world, path, content, 0..<1000).status == 204)
            let rest = Data(content[1000...])
            for (checksum, status) in [(Data("x".utf8), 460), (rest, 204)] {
                let answer = try await world.tus(
                    .PATCH, path,
                    ["Upload-Offset": "1000", "Upload-Checksum": "sha256 \(SHA256.hash(checksum).base64)"], body: rest)
                #expect(answer.status == status, "\(answer.text)")
                let told = try await world.tus(.HEAD, path).headers["Upload-Offset"]
                #expect(told == (status == 204 ? String(content.count) : "1000"))
            }
            try await Sweeper(world.context).sweep()
            #expect(Array(store.objects.values) == [content])
        }
    }

    /// The store fails for a while: what was acknowledged stays, and the upload goes on.
    @Test func theStoreFails() async throws {
        try await withSharedStorage { world, store in
            let content = Data.large(18 << 20)
            let (path, _) = try await create(world, content.count)
            #expect(try await patch(world, path, content, 0..<(9 << 20)).status == 204)
            store.failNext(1000)
            let broken = try await patch(world, path, content, 9 << 20..<content.count)
            #expect(broken.status == 503, "\(broken.text)")
            store.failNext(0)
            #expect(try await world.tus(.HEAD, path).headers["Upload-Offset"] == String(9 << 20))
            #expect(try await patch(world, path, content, 9 << 20..<content.count).status == 204)
            try await Sweeper(world.context).sweep()
            #expect(Array(store.objects.values) == [content])
        }
    }

    /// A replica died between the store's last step and the asset.
    @Test(arguments: [9 << 20, 1000])
    func theLastStepIsDoneAgain(size: Int) async throws {
        try await withSharedStorage { world, store in
            let content = Data.large(size)
            let (path, id) = try await create(world, content.count)
            #expect(try await patch(world, path, content, 0..<size - 1).status == 204)
            let uploads = world.context.uploads
            let last = Data(content[(size - 1)...])
            try await uploads.content.alone(id, patience: .seconds(10)) { turn in
                let upload = try await uploads.find(id, workspaceID: world.ada.workspaceID)
                _ = try await uploads.content.write(.data(last), to: upload, at: Int64(size - 1), checksum: nil, turn)
                _ = try await uploads.content.store(upload)
            }
            // A sweeper that comes by meanwhile does not take it for one that nobody names.
            let key = try #require(store.objects.first { $0.value == content }?.key)
            #expect(try await GarbageStore(postgres: world.postgres).add(String(key)) == false)
            let asset = try #require(try await world.tus(.HEAD, path).headers["Upload-Asset-Id"])
            let info = try await world.ask(.GET, "/api/v1/assets/\(asset)", as: world.ada).json
            #expect(info["sha256"]?.stringValue == SHA256.hash(content).hex)
        }
    }

    /// Ended by its owner, or by the sweeper of any replica: nothing is left in the store.
    @Test func whatEndedLeavesNothing() async throws {
        try await withSharedStorage { first, store in
            try await first.withReplica { second in
                let content = Data.large(9 << 20)
                let (ended, _) = try await create(first, 20 << 20)
                let (expired, expiredID) = try await create(first, 20 << 20)
                let (live, _) = try await create(first, 20 << 20)
                for path in [ended, expired, live] {
                    #expect(try await patch(first, path, content, 0..<content.count).status == 204)
                }
                #expect(store.unfinished.count == 3 && store.objects.count == 3, "a part and a tail of each")
                #expect(try await second.tus(.DELETE, ended).status == 204)
                #expect(store.unfinished.count == 2)
                try await first.postgres.execute(
                    "UPDATE upload SET expires_at = now() - interval '1 second' WHERE id = \(expiredID)")
                async let one: Void = Sweeper(first.context).sweep()
                async let other: Void = Sweeper(second.context).sweep()
                _ = try await (one, other)
                #expect(try await first.tus(.HEAD, expired).status == 410)
                let parts = second.context.uploadParts
                let swept = try await second.context.objects.sweepUnfinished(olderThan: .zero) {
                    try await parts.open(among: $0)
                }
                #expect(swept == 0 && store.unfinished.count == 1, "what goes on is kept, however old")
                #expect(try await second.tus(.HEAD, live).headers["Upload-Offset"] == String(content.count))
                #expect(store.objects.count == 1)
            }
        }
    }
}
