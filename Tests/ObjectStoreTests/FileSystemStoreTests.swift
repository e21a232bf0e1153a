import Crypto
import FoundationEssentials
import HTTP
import ObjectStore
import Testing

/// A folder for the time of `body`.
func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = "/tmp/atelier-objects-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}

func collect(_ body: HTTPBody) async throws -> Data { try await body.collect(upTo: 64 << 20) }

struct FileSystemStoreTests {
    @Test func storesAndGivesBack() async throws {
        try await withFolder { folder in
            let store = try FileSystemStore(root: folder + "/objects")
            let staging = try StagingArea(folder: folder + "/staging")
            let file = staging.file(UUID())
            let content = Data((0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
            var offset: Int64 = 0
            for start in stride(from: 0, to: content.count, by: 100_000) {
                offset = try await file.append(content[start..<start + 100_000], at: offset)
            }
            let sealed = try await file.seal()
            #expect(sealed.size == 700_000 && sealed.sha256 == SHA256.hash(content))
            #expect(try await store.info("w/a") == nil)
            try await store.adopt(file, as: "w/a", contentType: "text/plain")
            #expect(try await store.info("w/a")?.size == 700_000)
            #expect(try await staging.all().isEmpty)
            #expect(try await collect(store.read("w/a", range: nil)) == content)
            let part = try await collect(store.read("w/a", range: ByteRange(offset: 300_001, length: 300_000)))
            #expect(part == content[300_001..<600_001])
            try await store.delete("w/a")
            try await store.delete("w/a")
            #expect(try await store.info("w/a") == nil)
            await #expect(throws: ObjectStoreError.self) { try await store.read("w/a", range: nil) }
        }
    }

    @Test func aFileSurvivesTheProcess() async throws {
        try await withFolder { folder in
            let id = UUID()
            let first = try StagingArea(folder: folder)
            try await first.file(id).append(Data("hello ".utf8), at: 0)
            // Another area over the same folder knows nothing of the first one's hash.
            let second = try StagingArea(folder: folder)
            let file = second.file(id)
            #expect(try await file.durableSize() == 6)
            try await file.append(Data("world".utf8), at: 6)
            #expect(try await file.seal().sha256 == SHA256.hash(Data("hello world".utf8)))
            #expect(try await file.prefix(5) == Data("hello".utf8))
            #expect(try await second.all().map(\.id) == [id])
        }
    }

    @Test func takesBytesAtTheEndOnly() async throws {
        try await withFolder { folder in
            let file = try StagingArea(folder: folder).file(UUID())
            try await file.append(Data("abc".utf8), at: 0)
            let error = await #expect(throws: ObjectStoreError.self) { try await file.append(Data("x".utf8), at: 2) }
            #expect(error?.code == .wrongOffset)
            try await file.append(Data("def".utf8), at: 3)
            try await file.truncate(to: 4)
            #expect(try await file.seal().sha256 == SHA256.hash(Data("abcd".utf8)))
        }
    }

    @Test(arguments: ["", "../a", "a/../b", "/a", "a/", "a//b", ".hidden", "a b", "a\u{0}", "ä", "a/.b"])
    func refusesKeys(key: String) async throws {
        #expect(!ObjectKey.isValid(key))
        try await withFolder { folder in
            let store = try FileSystemStore(root: folder)
            await #expect(throws: ObjectStoreError.self) { try await store.delete(key) }
            #expect(store.localPath(key) == nil)
        }
    }

    @Test func listsByPrefix() async throws {
        try await withFolder { folder in
            let store = try FileSystemStore(root: folder + "/o")
            let staging = try StagingArea(folder: folder + "/s")
            for key in ["a/1", "a/2", "a/3", "ab/1", "b/1"] {
                let file = staging.file(UUID())
                try await file.append(Data(key.utf8), at: 0)
                try await store.adopt(file, as: key, contentType: "text/plain")
            }
            #expect(try await store.list(prefix: "a/", after: nil, limit: 10).map(\.key) == ["a/1", "a/2", "a/3"])
            #expect(try await store.list(prefix: "a", after: "a/2", limit: 10).map(\.key) == ["a/3", "ab/1"])
            #expect(try await store.list(prefix: "", after: nil, limit: 2).map(\.key) == ["a/1", "a/2"])
        }
    }

    /// `/dev/full` takes no byte: what a full disk says.
    @Test func tellsThatTheDiskIsFull() async throws {
        try await withFolder { folder in
            let staging = try StagingArea(folder: folder)
            let id = UUID()
            let path = "\(folder)/\(id.uuidString.lowercased())"
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
            let error = await #expect(throws: ObjectStoreError.self) {
                try await staging.file(id).append(Data("abc".utf8), at: 0)
            }
            #expect(error?.code == .noSpace)
            let space = try await staging.space()
            #expect(space.free > 0 && space.size >= space.free)
        }
    }
}
