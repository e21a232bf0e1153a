import AV
import Execution
import Foundation
import Images
import Jobs
import TestKit
import Testing

@testable import MediaWorkerService

extension HostileMedia {
    @Suite struct SandboxTests {
        private let folder: TemporaryFolder
        private let sandbox = TestSandbox.make()
        init() throws { folder = try TemporaryFolder() }

        private func code(of task: DecodeTask, _ workClass: WorkClass = .probe) async -> String? {
            do {
                let _: ProbeResult = try await sandbox.run(task, workClass, in: folder.path, for: TestSandbox.workspace)
                return nil
            } catch let failure as JobFailure { return failure.code } catch { return "\(error)" }
        }

        @Test func probesTheFilm() async throws {
            let found: ProbeResult = try await sandbox.run(
                .probe(input: TestMedia.film, kind: .video), .probe, in: folder.path, for: TestSandbox.workspace)
            #expect(found.media?.width == 854)
            #expect(found.media?.shots?.count ?? 0 >= 3)
            #expect(found.media?.loudness?.integratedLUFS != nil)
        }

        @Test func thumbnailsOfBoth() async throws {
            for (input, kind, sizes) in [
                (TestMedia.photograph, DecodeTask.Kind.image, [(480, 320), (600, 400)]),
                (TestMedia.film, .video, [(480, 268), (854, 480)]),
            ] {
                let wanted = [480, 1600].map { side in
                    DecodeTask.Thumbnail(
                        maxSide: side,
                        outputs: [.jpeg, .webp].map { .init(path: folder.file("\(side).\($0)"), format: $0) })
                }
                let made: [MadePicture] = try await sandbox.run(
                    .thumbnails(input: input, kind: kind, wanted: wanted), .picture, in: folder.path,
                    for: TestSandbox.workspace)
                #expect(made.map(\.width) == sizes.map(\.0))
                for (picture, size) in zip(made, sizes) { #expect(abs(picture.height - size.1) <= 2) }
                #expect(folder.contents.count == 4)
            }
        }

        @Test func waveformAndProgress() async throws {
            let made: MadeWaveform = try await sandbox.run(
                .waveform(input: TestMedia.film, json: folder.file("w.json"), png: folder.file("w.png")), .sound,
                in: folder.path, for: TestSandbox.workspace)
            #expect(made.points >= 1000)
            // A build that counts coverage leaves its count in the child's folder.
            #expect(folder.contents.filter { !$0.hasSuffix(".profraw") } == ["w.json", "w.png"])
            let seen = Counter()
            var spec = TranscodeSpec(format: .mp4)
            spec.maxHeight = 240
            let result: TranscodeResult = try await sandbox.run(
                .transcode(input: TestMedia.film, spec: spec, output: folder.file("o")), .film(limit: .seconds(60)),
                in: folder.path, for: TestSandbox.workspace
            ) { _ in seen.add() }
            #expect(result.height == 240)
            #expect(seen.value > 1)
        }

        @Test func liesAboutTheKindAreFoundOut() async throws {
            #expect(await code(of: .probe(input: TestMedia.film, kind: .image)) == "unsupported_format")
            #expect(await code(of: .probe(input: TestMedia.photograph, kind: .video)) == "unsupported_format")
        }

        @Test func cancellationKillsTheChild() async throws {
            let input = TestMedia.film, hls = folder.path
            let started = AsyncStream<Void>.makeStream()
            let sandbox = sandbox
            let task = Task {
                let _: HLSResult = try await sandbox.run(
                    .hls(input: input, folder: hls), .film(limit: .seconds(60)), in: hls, for: TestSandbox.workspace
                ) { _ in started.continuation.yield() }
            }
            for await _ in started.stream { break }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            sandbox.children.sweep(all: true)
            #expect(TestSandbox.leftovers.isEmpty)
        }

        @Test func theTimeLimitHolds() async throws {
            let short = WorkClass(memory: 1 << 30, time: .milliseconds(300), fileSize: 1 << 30)
            #expect(await code(of: .hls(input: TestMedia.film, folder: folder.path), short) == "timeout")
        }

        @Test func theMemoryLimitHolds() async throws {
            let small = WorkClass(memory: 100 << 20, time: .seconds(60), fileSize: 1 << 30)
            let code = await code(of: .hls(input: TestMedia.film, folder: folder.path), small)
            #expect(code == "out_of_memory")
        }

        @Test func theSizeOfFilesIsLimited() async throws {
            let small = WorkClass(memory: 1 << 30, time: .seconds(60), fileSize: 100_000)
            let task = DecodeTask.transcode(
                input: TestMedia.film, spec: TranscodeSpec(format: .mp4), output: folder.file("o"))
            #expect(await code(of: task, small) == "too_large")
        }

        @Test func whatIsNoOrderEndsTheChild() throws {
            let child = ChildProcess(TestSandbox.executable, [DecodeChild.word])
            var lines: [String] = []
            let result = try child.run(input: Data("{}\n".utf8), deadline: .seconds(20)) {
                lines.append(String(decoding: $0, as: UTF8.self))
            }
            #expect(result.reason == .exited(0))
            #expect(lines.count == 1 && lines[0].contains("failure"))
        }

        @Test func aChildServesOneWorkspaceAlone() async throws {
            func probe(_ input: String, _ workspace: UUID) async throws {
                let _: ProbeResult = try await sandbox.run(
                    .probe(input: input, kind: .image), .probe, in: folder.path, for: workspace)
            }
            let here = UUID(), there = UUID()
            try await probe(TestMedia.photograph, here)
            let first = TestSandbox.leftovers
            #expect(first.count == 1)
            try await probe(TestMedia.photograph, here)
            #expect(TestSandbox.leftovers == first, "the same child again")
            try await probe(TestMedia.photograph, there)
            #expect(TestSandbox.leftovers.count == 2)
            // What failed is not trusted again.
            await #expect(throws: JobFailure.self) { try await probe(TestMedia.film, here) }
            #expect(TestSandbox.leftovers.count == 1)
            sandbox.children.sweep(all: true)
            #expect(TestSandbox.leftovers.isEmpty)
        }

        @Test func aChildWaitsOnlySoLong() async throws {
            // Each child comes just when the one before is taken away: none may be forgotten.
            let children = ChildPool(capacity: 2, patience: .zero)
            for _ in 0..<3 {
                let lane = ChildPool.Lane(try ChildSession(ChildProcess("/bin/cat", [])))
                children.give(lane, ChildPool.Key(workspace: TestSandbox.workspace, memory: 1))
                try await eventually { children.count == 0 }
            }
        }

        @Test func aChildThatDiedWaitingIsReplaced() async throws {
            let input = TestMedia.photograph
            for _ in 0..<2 {
                let _: ProbeResult = try await sandbox.run(
                    .probe(input: input, kind: .image), .probe, in: folder.path, for: TestSandbox.workspace)
                for id in TestSandbox.leftovers.compactMap({ Int32($0) }) { kill(id, SIGKILL) }
            }
            sandbox.children.sweep(all: true)
            #expect(TestSandbox.leftovers.isEmpty)
        }
    }
}
