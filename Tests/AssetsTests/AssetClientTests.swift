import Assets
import FoundationEssentials
import HTTP
import Jobs
import Primitives
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct AssetClientTests {
    private let asset = StorageServer.asset
    private let workspace = StorageServer.workspace

    private func new() -> NewAsset {
        NewAsset(
            id: .v7(), workspaceId: workspace, ownerId: .v7(), projectId: nil, filename: "s1.wav",
            contentType: "audio/wav", kind: "audio", origin: .generated, provider: "espeak-ng", prompt: "Hello.",
            metadata: ["durationMs": 5])
    }

    private func faults(_ change: (inout StorageServer.Faults) throws -> Void) rethrows -> StorageServer.Faults {
        var faults = StorageServer.Faults()
        try change(&faults)
        return faults
    }

    @Test func findsWhatTheWorkspaceHas() async throws {
        try await StorageServer.run { _, client in
            let found = try #require(try await client.asset(asset, workspaceID: workspace))
            #expect(found.kind == "video" && found.durationMs == 9000 && found.metadata?["codec"] == "h264")
            #expect(try await client.asset(.v7(), workspaceID: workspace) == nil)
            #expect(try await client.asset(asset, workspaceID: .v7()) == nil)
            #expect(try await client.open(.v7(), workspaceID: workspace) == nil)
        }
    }

    @Test func makesAnAssetOfBytesAndOfAFile() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        try Data("RIFF".utf8).write(to: URL(filePath: path))
        try await StorageServer.run { storage, client in
            #expect(try await client.create(new(), of: Data("bytes".utf8)))
            #expect(try await client.create(new(), from: path))
            let rendition = NewRendition(workspaceId: workspace, name: "hls/a.ts", contentType: "video/mp2t")
            try await client.create(rendition, of: asset, from: path)
            try await client.describe(
                asset,
                AssetFacts(workspaceId: workspace, width: 3, height: nil, durationMs: nil, metadata: ["codec": "av1"]))
            #expect(storage.announced.map(\.what) == ["asset", "asset", "rendition", "facts"])
            #expect(storage.announced.first?.body["origin"] == "generated")
            #expect(storage.announced.last?.body["metadata"] == ["codec": "av1"])
            #expect(storage.stored == [Data("bytes".utf8), Data("RIFF".utf8), Data("RIFF".utf8)])
        }
    }

    @Test func whatIsThereAlreadyStays() async throws {
        // The same bytes: nothing to put.
        let nothing = try faults { $0.announcing = try .json(.created, [String: String]()) }
        try await StorageServer.run(nothing) { storage, client in
            let isOurs = try await client.create(new(), of: Data("same".utf8))
            #expect(isOurs)
            #expect(storage.stored.isEmpty)
        }
        try await StorageServer.run(faults { $0.putting = HTTPResponse(.conflict) }) { _, client in
            let isOurs = try await client.create(new(), of: Data("other".utf8))
            #expect(!isOurs)
        }
    }

    @Test(arguments: [
        (503, true, "storage_unavailable"), (507, true, "storage_unavailable"), (429, true, "storage_unavailable"),
        (413, false, "quota_exceeded"), (404, false, "asset_not_found"), (400, false, "storage_refused"),
    ])
    func faults(status: Int, retriable: Bool, code: String) async throws {
        let answer = HTTPResponse(HTTPStatus(rawValue: status))
        try await StorageServer.run(faults { $0.announcing = answer }) { _, client in
            let failure = await #expect(throws: JobFailure.self) { try await client.create(new(), of: Data()) }
            #expect(failure?.code == code && failure?.retriable == retriable)
        }
        try await StorageServer.run(faults { $0.putting = answer }) { _, client in
            let failure = await #expect(throws: JobFailure.self) { try await client.create(new(), of: Data()) }
            #expect(failure?.code == code && failure?.retriable == retriable)
        }
    }

    @Test func whatMakesNoSensePasses() async throws {
        let page = HTTPResponse(.ok, body: .data(Data("<html>".utf8)))
        try await StorageServer.run(faults { $0.announcing = page }) { _, client in
            let failure = await #expect(throws: JobFailure.self) { try await client.create(new(), of: Data()) }
            #expect(failure?.code == "storage_unavailable" && failure?.retriable == true)
        }
    }

    @Test func storageThatIsAwayPasses() async throws {
        let client = StorageServer.client(port: FreePort.next())
        let failure = await #expect(throws: JobFailure.self) { try await client.asset(asset, workspaceID: workspace) }
        #expect(failure?.code == "storage_unavailable" && failure?.retriable == true)
    }

    // MARK: Content

    @Test func readsContent() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        try await StorageServer.run { _, client in
            let content = try #require(try await client.open(asset, workspaceID: workspace))
            #expect(content.size == Int64(StorageServer.content.count) && content.contentType == "video/mp4")
            #expect(try await content.body.collect(upTo: 1 << 20) == StorageServer.content)
            try await client.fetch(asset, workspaceID: workspace, to: path, limit: 1 << 20)
            #expect(try Data(contentsOf: URL(filePath: path)) == StorageServer.content)
        }
    }

    private func fetchFault(
        _ faults: StorageServer.Faults, id: UUID? = nil, limit: Int64 = 1 << 20, path: String? = nil
    ) async throws -> JobFailure? {
        let folder = try TemporaryFolder()
        nonisolated(unsafe) var failure: JobFailure?
        try await StorageServer.run(faults) { _, client in
            failure = await #expect(throws: JobFailure.self) {
                try await client.fetch(
                    id ?? asset, workspaceID: workspace, to: path ?? folder.file("a"), limit: limit)
            }
        }
        return failure
    }

    @Test func contentHasALimit() async throws {
        let large = try await fetchFault(StorageServer.Faults(), limit: 299_999)
        #expect(large?.code == "too_large" && large?.retriable == false)
        // No disk has this much room.
        let huge = try await fetchFault(faults { $0.size = 1 << 60 }, limit: .max)
        #expect(huge?.code == "no_space" && huge?.retriable == true)
    }

    @Test func contentMustBeWhole() async throws {
        for size in [Int64(299_999), 300_001] {
            let failure = try await fetchFault(faults { $0.size = size })
            #expect(failure?.code == "storage_unavailable" && failure?.retriable == true)
        }
        let gone = try await fetchFault(faults { $0.reading = HTTPResponse(.notFound) })
        #expect(gone?.code == "asset_not_found" && gone?.retriable == false)
        let unknown = try await fetchFault(StorageServer.Faults(), id: .v7())
        #expect(unknown?.code == "asset_not_found" && unknown?.retriable == false)
        let away = try await fetchFault(faults { $0.linking = HTTPResponse(.serviceUnavailable) })
        #expect(away?.code == "storage_unavailable" && away?.retriable == true)
        let nowhere = try await fetchFault(StorageServer.Faults(), path: "/tmp/atelier-no-such-folder/a")
        #expect(nowhere?.code == "io")
    }
}
