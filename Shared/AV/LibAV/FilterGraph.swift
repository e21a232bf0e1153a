package import CLibAV

/// A graph of libav's filters, given as text. Used from one thread at a time.
package final class FilterGraph {
    /// What arrives at an input of the graph.
    package enum Input {
        /// Pictures. Sides in pixels; `sampleAspect` is the width of a pixel over its height.
        case video(width: Int, height: Int, format: AVPixelFormat, timeBase: AVRational, sampleAspect: AVRational)
        /// Sound of `rate` samples per second in the layout that is usual for `channels`.
        case audio(rate: Int, format: AVSampleFormat, channels: Int, timeBase: AVRational)
    }

    /// What an output has for us: a frame, nothing before more is pushed, nothing ever again.
    package enum Pull { case frame, needsInput, end }

    private var graph: UnsafeMutablePointer<AVFilterGraph>?
    private var inputs: [String: UnsafeMutablePointer<AVFilterContext>] = [:]
    private var outputs: [String: UnsafeMutablePointer<AVFilterContext>] = [:]

    /// - Parameters:
    ///   - text: as for ffmpeg's `-filter_complex`: `[a]scale=640:-2[out]`.
    ///   - inputs: the open input labels, by name.
    ///   - videoOutputs: the open output labels that give pictures.
    ///   - audioOutputs: the open output labels that give sound.
    package init(
        _ text: String, inputs described: [(name: String, input: Input)], videoOutputs: [String] = [],
        audioOutputs: [String] = [], threads: Int = 1
    ) throws {
        graph = avfilter_graph_alloc()
        guard let graph else { throw MediaError(.outOfMemory, "filters") }
        graph.pointee.nb_threads = Int32(threads)
        var sources: UnsafeMutablePointer<AVFilterInOut>?
        var sinks: UnsafeMutablePointer<AVFilterInOut>?
        defer {
            avfilter_inout_free(&sources)
            avfilter_inout_free(&sinks)
        }
        for (name, input) in described {
            let filter = try create(input.filter, name, input.arguments)
            inputs[name] = filter
            sources = try Self.link(name, filter, sources)
        }
        for (name, kind) in videoOutputs.map({ ($0, "buffersink") }) + audioOutputs.map({ ($0, "abuffersink") }) {
            let filter = try create(kind, name, nil)
            outputs[name] = filter
            sinks = try Self.link(name, filter, sinks)
        }
        let status = avfilter_graph_parse_ptr(graph, text, &sinks, &sources, nil)
        guard status >= 0 else {
            throw MediaError(.invalidRequest, "filters: \(MediaError(status: status, "parsing"))")
        }
        try check(avfilter_graph_config(graph, nil), "filters")
    }

    deinit { avfilter_graph_free(&graph) }

    /// Hands a frame over, or `nil` at the end. The frame stays the caller's.
    package func push(_ frame: Frame?, to name: String) throws {
        guard let filter = inputs[name] else { preconditionFailure("no filter input \(name)") }
        let flags = Int32(AV_BUFFERSRC_FLAG_KEEP_REF)
        try check(av_buffersrc_add_frame_flags(filter, frame?.pointer, flags), "filtering")
    }

    /// Takes a frame from an output.
    package func pull(from name: String, into frame: Frame) throws -> Pull {
        frame.clear()
        let status = av_buffersink_get_frame(sink(name), frame.pointer)
        if status == ATELIER_AVERROR_EAGAIN { return .needsInput }
        if status == ATELIER_AVERROR_EOF { return .end }
        try check(status, "filtering")
        return .frame
    }

    /// The unit of the times of an output's frames.
    package func timeBase(of name: String) -> AVRational { av_buffersink_get_time_base(sink(name)) }

    private func sink(_ name: String) -> UnsafeMutablePointer<AVFilterContext> {
        guard let filter = outputs[name] else { preconditionFailure("no filter output \(name)") }
        return filter
    }

    private func create(_ filter: String, _ name: String, _ arguments: String?) throws
        -> UnsafeMutablePointer<AVFilterContext>
    {
        var made: UnsafeMutablePointer<AVFilterContext>?
        try check(
            avfilter_graph_create_filter(&made, avfilter_get_by_name(filter), name, arguments, nil, graph), filter)
        guard let made else { throw MediaError(.outOfMemory, "filter") }
        return made
    }

    private static func link(
        _ name: String, _ filter: UnsafeMutablePointer<AVFilterContext>, _ next: UnsafeMutablePointer<AVFilterInOut>?
    ) throws -> UnsafeMutablePointer<AVFilterInOut> {
        guard let link = avfilter_inout_alloc() else { throw MediaError(.outOfMemory, "filter") }
        link.pointee.name = av_strdup(name)
        link.pointee.filter_ctx = filter
        link.pointee.pad_idx = 0
        link.pointee.next = next
        return link
    }
}

extension FilterGraph.Input {
    fileprivate var filter: String {
        switch self {
        case .video: "buffer"
        case .audio: "abuffer"
        }
    }

    fileprivate var arguments: String {
        switch self {
        case .video(let width, let height, let format, let base, let aspect):
            return "video_size=\(width)x\(height):pix_fmt=\(format.rawValue):time_base=\(base.num)/\(base.den)"
                + ":pixel_aspect=\(aspect.num)/\(max(1, aspect.den))"
        case .audio(let rate, let format, let channels, let base):
            let name = av_get_sample_fmt_name(format).map { String(cString: $0) } ?? "fltp"
            return "sample_rate=\(rate):sample_fmt=\(name):channel_layout=\(channels)c"
                + ":time_base=\(base.num)/\(base.den)"
        }
    }
}
