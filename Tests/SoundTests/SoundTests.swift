import FoundationEssentials
import Glibc
import Sound
import Testing

@Suite struct SoundTests {
    private func sine(_ hertz: Double, amplitude: Float, seconds: Double, rate: Int = 48_000, channels: Int = 1)
        -> SoundBuffer
    {
        let samples = (0..<Int(seconds * Double(rate))).flatMap { index -> [Float] in
            let value = amplitude * Float(sin(2 * .pi * hertz * Double(index) / Double(rate)))
            return Array(repeating: value, count: channels)
        }
        return SoundBuffer(samples: samples, channels: channels, sampleRate: rate)
    }

    @Test func loudnessOfTheReferenceTone() throws {
        // BS.1770-4: a 997 Hz sine of full scale in one channel measures -3.01 LKFS.
        let loudness = try #require(sine(997, amplitude: 1, seconds: 2).loudness)
        #expect(abs(loudness + 3.01) < 0.05)
        // Both channels of a stereo pair at -20 dB: 3 dB more than one.
        let stereo = try #require(sine(997, amplitude: 0.1, seconds: 2, channels: 2).loudness)
        #expect(abs(stereo + 20.0) < 0.05)
        #expect(SoundBuffer(samples: Array(repeating: 0, count: 48_000), sampleRate: 48_000).loudness == nil)
    }

    @Test func normaliseReachesItsTargetAndNeverItsCeiling() throws {
        var sound = sine(440, amplitude: 0.02, seconds: 1, rate: 22_050)
        sound.normalise(to: -18)
        #expect(abs(try #require(sound.loudness) + 18) < 0.2)
        sound.apply(gain: 50, ceiling: 0.5)
        #expect(sound.peak <= 0.5)
        #expect(sound.peak > 0.45)
    }

    @Test func waveFileRoundTrip() throws {
        let sound = sine(300, amplitude: 0.5, seconds: 0.1, rate: 22_050, channels: 2)
        let data = WAVEFile.encode(sound)
        #expect(data.count == 44 + sound.samples.count * 2)
        let back = try WAVEFile.decode(data)
        #expect(back.sampleRate == 22_050)
        #expect(back.channels == 2)
        #expect(back.durationMs == 100)
        #expect(zip(back.samples, sound.samples).allSatisfy { abs($0 - $1) < 0.0002 })
    }

    @Test func waveFileFromAPipeHasNoHonestSize() throws {
        var data = WAVEFile.encode(SoundBuffer(samples: [0.5, -0.5, 0.25], sampleRate: 8000))
        data.replaceSubrange(40..<44, with: [0x00, 0xF0, 0xFF, 0x7F])
        #expect(try WAVEFile.decode(data).samples.count == 3)
    }

    @Test(arguments: [[], Array("RIFF".utf8), Array("RIFFxxxxWAVEfmt ".utf8), Array("RIFFxxxxWAVEdata    ".utf8)])
    func damagedFilesAreRefused(bytes: [UInt8]) {
        #expect(throws: WAVEFile.Malformed.self) { try WAVEFile.decode(Data(bytes)) }
    }

    @Test func fadesEndInSilence() {
        var sound = SoundBuffer(samples: Array(repeating: 0.5, count: 4410 * 2), channels: 2, sampleRate: 44_100)
        sound.fadeOut(milliseconds: 50)
        sound.fadeIn(milliseconds: 10)
        #expect(abs(sound.samples[0]) < 0.001)
        #expect(sound.samples[4400] == 0.5)
        #expect(abs(sound.samples[sound.samples.count - 1]) < 0.0001)
    }

    @Test func levelsOfWindows() {
        let sound = SoundBuffer(samples: [0, 0, 1, -1, 0.5, 0.5, 9], sampleRate: 8000)
        #expect(sound.levels(window: 2) == [0, 1, 0.5])
    }
}
