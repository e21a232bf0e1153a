internal import AV
public import Execution
public import Film
internal import Glibc
public import Titles

/// Renders a timeline to a finished film: H.264 High and AAC in MP4, index first, in process with libav.
///
/// The same timeline, inputs, look and number of threads give the same bytes.
public struct MontageRenderer: Sendable {
    /// How every film looks and sounds.
    public var look: Look
    /// Threads of the picture's encoder.
    public var threads: Int
    /// The longest that a render may take; `nil` for no limit.
    public var limit: Duration?

    /// - Parameter threads: of the encoder; as many as x264 would take where absent.
    public init(look: Look = .atelier, threads: Int? = nil, limit: Duration? = nil) {
        self.look = look
        self.threads = threads ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) * 3 / 2)
        self.limit = limit
    }

    /// Renders a film. Blocks for as long as it takes: call it on a `BlockingPool`.
    /// - Parameters:
    ///   - inputs: a local file for every id of ``Timeline/assetIDs``.
    ///   - output: path of the MP4 file; what is there is replaced, and removed where the render fails.
    ///   - progress: called on this thread, once for every percent.
    ///   - cancel: ends the render soon after it is set.
    /// - Throws: `TimelineError`, ``MontageError``, `MediaError`, `CancellationError`.
    @discardableResult
    public func render(
        timeline: Timeline, inputs: [String: String], output: String,
        progress: (RenderProgress) -> Void = { _ in }, cancel: CancellationFlag = CancellationFlag()
    ) throws -> RenderedFilm {
        try timeline.validate()
        let missing = timeline.assetIDs.filter { inputs[$0] == nil }
        if let first = missing.first { throw MontageError(.invalidRequest, assetID: first, "no file for it") }
        let interrupt = Interrupt(flag: cancel, limit: limit)
        do {
            return try run(timeline, inputs, output, progress, interrupt)
        } catch {
            unlink(output)
            // A cancelled wait within libav shows as another fault.
            if cancel.isCancelled { throw CancellationError() }
            throw error
        }
    }

    /// The same film, small and quick: 360 lines at most, a fast encoder, for judging before the final render
    /// (MED-018). The sound is the final one.
    @discardableResult
    public func preview(
        timeline: Timeline, inputs: [String: String], output: String,
        progress: (RenderProgress) -> Void = { _ in }, cancel: CancellationFlag = CancellationFlag()
    ) throws -> RenderedFilm {
        // Before anything is divided by a size.
        try timeline.validate()
        var quick = self
        quick.look.encoder = ("ultrafast", 26)
        return try quick.render(
            timeline: timeline.reduced(toShortSide: 360), inputs: inputs, output: output, progress: progress,
            cancel: cancel)
    }

    private func run(
        _ timeline: Timeline, _ inputs: [String: String], _ output: String, _ progress: (RenderProgress) -> Void,
        _ interrupt: Interrupt
    ) throws -> RenderedFilm {
        let clock = ContinuousClock()
        let began = clock.now
        let mixer = SoundMixer(timeline, inputs: inputs, look: look, interrupt: interrupt)
        let writer = try FilmWriter(
            timeline, path: output, look: look, mixer: mixer, threads: threads, interrupt: interrupt)
        do {
            let cast = try SceneCast(timeline, inputs: inputs, look: look, interrupt: interrupt)
            let compositor = try Compositor(timeline, cast: cast, look: look)
            let total = max(1, timeline.durationMs * timeline.fps / 1000)
            var told = -1
            for number in 0..<total {
                try interrupt.check()
                try compositor.draw(at: Double(number) * 1000 / Double(timeline.fps), into: writer.picture)
                try writer.write(number: number)
                let percent = (number + 1) * 99 / total
                if percent > told {
                    told = percent
                    let spent = clock.now - began
                    let left = Double(total - number - 1) / Double(number + 1)
                    progress(
                        RenderProgress(
                            percent: percent, etaMs: number < 15 ? nil : Int(spent / .milliseconds(1) * left),
                            frames: number + 1, totalFrames: total))
                }
            }
            let level = try writer.finish()
            progress(RenderProgress(percent: 100, etaMs: 0, frames: total, totalFrames: total))
            return RenderedFilm(
                width: timeline.width, height: timeline.height, frames: total, durationMs: timeline.durationMs,
                loudness: level.loudness, truePeak: level.truePeak)
        } catch {
            writer.abandon()
            throw error
        }
    }
}
