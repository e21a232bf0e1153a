import Primitives
import TestKit
import Testing

@testable import AV

@Suite struct WaveformTests {
    @Test func peaksOfTheFilm() throws {
        let waveform = try Waveform(of: FileSource(path: TestMedia.film), points: 500)
        #expect((500...1000).contains(waveform.length))
        #expect(waveform.data.count == waveform.length * 2)
        #expect(waveform.data.contains { $0 > 10 })
        let text = try JSON.text(waveform)
        #expect(text.contains("\"samples_per_pixel\""))
        let picture = waveform.picture(width: 200, height: 40)
        #expect(Set(picture.rgb).count > 3)
    }

    @Test func stretchesDoubleWhenThereAreTooMany() {
        var collector = PeakCollector(limit: 8)
        let samples = UnsafeMutableBufferPointer<Float>.allocate(capacity: 16 * 20)
        defer { samples.deallocate() }
        for index in samples.indices { samples[index] = index == 100 ? 0.5 : (index == 300 ? -0.25 : 0) }
        collector.add(samples)
        #expect(collector.samplesPerPeak == 64)
        #expect(collector.finished.count == 5)
        #expect(collector.finished[1] == .init(low: 0, high: 0.5))
        #expect(collector.finished[4] == .init(low: -0.25, high: 0))
    }
}
