import Configuration

/// The settings of this worker beside those that all services have.
struct MediaConfiguration: Configurable {
    let workFolder: String
    let quickSlots: Int
    let longSlots: Int
    let encoderThreads: Int
    let inputLimit: Int64
    let filmLimit: Duration
    let maxDurationMs: Int64
    let maxImagePixels: Int64

    init(_ read: inout ConfigurationReader) {
        workFolder = read.string(
            "WORK_FOLDER", default: "/tmp/atelier", "Where jobs put their files while they run; emptied by itself.")
        quickSlots = read.int("QUICK_SLOTS", default: 2, in: 1...64, "Thumbnails, probes and edits at a time.")
        longSlots = read.int("LONG_SLOTS", default: 2, in: 1...64, "Transcodes and renders at a time.")
        encoderThreads = read.int("ENCODER_THREADS", default: 2, in: 1...64, "Threads of one encoder.")
        inputLimit =
            Int64(
                read.int("MAX_INPUT_MIB", default: 20_480, in: 1...1_048_576, "Largest file that is decoded, in MiB."))
            << 20
        filmLimit = read.milliseconds(
            "FILM_LIMIT_MS", default: 7_200_000, in: 10_000...86_400_000, "Longest that one transcode or render takes.")
        maxDurationMs = Int64(
            read.int(
                "MAX_DURATION_MS", default: 14_400_000, in: 1_000...86_400_000,
                "Longest film or sound, in milliseconds.")
        )
        maxImagePixels = Int64(
            read.int("MAX_IMAGE_PIXELS", default: 100_000_000, in: 1_000_000...1_000_000_000, "Largest photograph."))
    }
}
