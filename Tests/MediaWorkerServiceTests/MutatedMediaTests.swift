import AV
import Foundation
import Images
import Jobs
import Primitives
import TestKit
import Testing

@testable import MediaWorkerService

extension HostileMedia {
    /// R43: files of every format, damaged at random by zzuf. Whatever they do to the child, this process lives, each ends
    /// with a result or a classified reason, and nothing is left behind. `ATELIER_MUTATIONS` sets how many.
    @Suite struct MutatedMediaTests {
        private static let reasons: Set<String> = [
            "unsupported_format", "damaged", "too_large", "too_long", "timeout", "out_of_memory", "invalid_request",
        ]

        private static let seeds: [(name: String, arguments: [String], kind: DecodeTask.Kind)] = {
            let picture = ["-f", "lavfi", "-i", "testsrc2=s=192x108:r=12:d=1"]
            let both = picture + ["-f", "lavfi", "-i", "sine=f=440:d=1"]
            let sound = ["-f", "lavfi", "-i", "sine=f=440:d=1"]
            return [
                ("h264.mp4", both + ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"], .video),
                ("mpeg4.mov", both + ["-c:v", "mpeg4", "-c:a", "pcm_s16le"], .video),
                ("h264.mkv", both + ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac"], .video),
                ("vp9.webm", both + ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"], .video),
                ("mpeg.ts", both + ["-c:v", "mpeg2video", "-c:a", "mp2"], .video),
                ("mpeg4.avi", both + ["-c:v", "mpeg4", "-c:a", "libmp3lame"], .video),
                ("s.mp3", sound, .audio), ("s.aac", sound, .audio), ("s.flac", sound, .audio), ("s.wav", sound, .audio),
                ("s.ogg", sound + ["-c:a", "libvorbis"], .audio), ("s.m4a", sound, .audio),
                ("p.png", picture + ["-frames:v", "1"], .image), ("p.jpg", picture + ["-frames:v", "1"], .image),
                ("p.gif", picture, .image), ("p.webp", picture + ["-frames:v", "1"], .image),
                ("p.tiff", picture + ["-frames:v", "1"], .image),
            ]
        }()

        @Test func damagedFilesHarmNobody() async throws {
            let folder = try TemporaryFolder("mutated")
            let count = ProcessInfo.processInfo.environment["ATELIER_MUTATIONS"].flatMap { Int($0) } ?? 300
            for seed in Self.seeds {
                try Command.run("/usr/bin/ffmpeg", ["-v", "error", "-y"] + seed.arguments + [folder.file(seed.name)])
            }
            let sandbox = TestSandbox.make(children: 2)
            var outcomes: [String: Int] = [:]
            try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<count {
                    if number >= 2, let outcome = try await group.next() { outcomes[outcome, default: 0] += 1 }
                    group.addTask { try await Self.judge(number, folder, sandbox) }
                }
                for try await outcome in group { outcomes[outcome, default: 0] += 1 }
            }
            print("R43 \(count) files: \(outcomes.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" })")
            #expect(outcomes.values.reduce(0, +) == count)
            for outcome in outcomes.keys where outcome != "done" {
                #expect(Self.reasons.contains(outcome), "\(outcome)")
            }
            #expect(Set(outcomes.keys).count > 1, "no file was damaged enough to be noticed")
            sandbox.children.sweep(all: true)
            #expect(TestSandbox.leftovers.isEmpty)
            #expect(Set(folder.contents) == Set(Self.seeds.map(\.name)))
        }

        /// Damages a seed, does to it what a new asset meets, and says how that ended.
        private static func judge(_ number: Int, _ folder: TemporaryFolder, _ sandbox: DecodeSandbox) async throws
            -> String
        {
            let seed = seeds[number % seeds.count]
            let job = folder.file("job\(number)")
            try FileManager.default.createDirectory(atPath: job, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: job) }
            let input = job + "/input"
            let ratios = ["0.0001", "0.001", "0.01", "0.05"]
            try Command.run(
                "/bin/sh",
                [
                    "-c",
                    "zzuf -s \(number) -r \(ratios[number / seeds.count % 4]) < \(folder.file(seed.name)) > \(input)",
                ])
            let start = ContinuousClock.now
            do {
                let _: ProbeResult = try await sandbox.run(
                    .probe(input: input, kind: seed.kind), .probe, in: job, for: TestSandbox.workspace)
                if seed.kind == .audio {
                    let _: MadeWaveform = try await sandbox.run(
                        .waveform(input: input, json: job + "/w.json", png: job + "/w.png"), .sound, in: job,
                        for: TestSandbox.workspace)
                } else {
                    let output = Thumbnails.Output(path: job + "/t.jpg", format: .jpeg)
                    let _: [MadePicture] = try await sandbox.run(
                        .thumbnails(input: input, kind: seed.kind, wanted: [.init(maxSide: 160, outputs: [output])]),
                        .picture, in: job, for: TestSandbox.workspace)
                }
                if seed.kind == .video, number.isMultiple(of: 3) {
                    var spec = TranscodeSpec(format: .mp4)
                    spec.maxHeight = 64
                    let _: TranscodeResult = try await sandbox.run(
                        .transcode(input: input, spec: spec, output: job + "/o"), .film(limit: .seconds(25)), in: job,
                        for: TestSandbox.workspace)
                }
                return "done"
            } catch let failure as JobFailure {
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                if seconds > 30 { return "slow: \(seed.name) \(number)" }
                return reasons.contains(failure.code)
                    ? failure.code : "\(failure.code) \(seed.name) \(number): \(failure)"
            }
        }
    }
}
