import Film
import FoundationEssentials
import Glibc
import TestKit

@testable import Montage

/// A short film of the sample media, small enough for a test, with voices and music made of numbers.
struct SampleFilm {
    let folder: TemporaryFolder
    let inputs: [String: String]
    var timeline: Timeline

    init(width: Int = 640, height: Int = 360) throws {
        folder = try TemporaryFolder("montage")
        var inputs = ["clip": TestMedia.film, "photo": TestMedia.photograph]
        for (name, ms) in [("v1", 1_500), ("v2", 2_000), ("v3", 1_600)] {
            inputs[name] = folder.file("\(name).wav")
            try Self.writeVoice(folder.file("\(name).wav"), ms: ms)
        }
        inputs["music"] = folder.file("music.wav")
        try Self.writeMusic(folder.file("music.wav"), ms: 5_000)
        self.inputs = inputs
        let scenes = [
            Scene(
                id: "s1", startMs: 0, durationMs: 3_000, visual: .card("One Quiet Hour", subtitle: "A test"),
                voice: Voice(assetId: "v1", offsetMs: 1_000, durationMs: 1_500)),
            // The clip's first two seconds are black and rising from it.
            Scene(
                id: "s2", startMs: 3_000, durationMs: 3_000, visual: .clip("clip", from: 0, to: 8_000),
                voice: Voice(assetId: "v2", offsetMs: 500, durationMs: 2_000),
                transition: Transition(.fade, durationMs: 600), lowerThird: LowerThird(title: "Clouds")),
            Scene(
                id: "s3", startMs: 6_000, durationMs: 3_000, visual: .photo("photo"),
                voice: Voice(assetId: "v3", offsetMs: 500, durationMs: 1_600),
                transition: Transition(.wipe, durationMs: 500)),
            Scene(
                id: "s4", startMs: 9_000, durationMs: 3_000, visual: .card("The end"),
                transition: Transition(.dissolve, durationMs: 600)),
        ]
        timeline = Timeline(
            width: width, height: height, title: "One Quiet Hour", scenes: scenes, music: Music(assetId: "music"),
            captions: [
                Cue(startMs: 1_000, endMs: 2_500, text: "Before the village wakes"),
                Cue(startMs: 6_500, endMs: 8_100, text: "And in the kitchen"),
            ])
    }

    var output: String { folder.file("film.mp4") }

    /// Speech-like sound: a buzz with syllables and a pause, at a level of its own.
    static func writeVoice(_ path: String, ms: Int) throws {
        try write(path, ms: ms, rate: 22_050) { time in
            let phrase = time.truncatingRemainder(dividingBy: 0.9) < 0.75 ? 1.0 : 0
            let syllable = 0.5 + 0.5 * sin(2 * .pi * 4.5 * time)
            var sum = 0.0
            for harmonic in 1...12 { sum += sin(2 * .pi * 120 * Double(harmonic) * time) / Double(harmonic) }
            return 0.15 * phrase * syllable * sum
        }
    }

    /// A chord.
    static func writeMusic(_ path: String, ms: Int) throws {
        try write(path, ms: ms, rate: 44_100) { time in
            0.08 * (sin(2 * .pi * 220 * time) + sin(2 * .pi * 277.2 * time) + sin(2 * .pi * 329.6 * time))
        }
    }

    /// A WAV file, 16 bits, one channel.
    private static func write(_ path: String, ms: Int, rate: Int, _ wave: (Double) -> Double) throws {
        let count = ms * rate / 1000
        var data = Data()
        let append = { (value: UInt32, bytes: Int) in
            for shift in 0..<bytes { data.append(UInt8(value >> (8 * shift) & 255)) }
        }
        data.append(contentsOf: "RIFF".utf8)
        append(UInt32(36 + 2 * count), 4)
        data.append(contentsOf: "WAVEfmt ".utf8)
        append(16, 4)
        append(1, 2)
        append(1, 2)
        append(UInt32(rate), 4)
        append(UInt32(2 * rate), 4)
        append(2, 2)
        append(16, 2)
        data.append(contentsOf: "data".utf8)
        append(UInt32(2 * count), 4)
        for index in 0..<count {
            let value = max(-1, min(1, wave(Double(index) / Double(rate))))
            append(UInt32(UInt16(bitPattern: Int16(value * 32_767))), 2)
        }
        try data.write(to: URL(filePath: path))
    }
}
