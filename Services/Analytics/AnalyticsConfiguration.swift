import Configuration

/// The settings of analytics.
struct AnalyticsConfiguration: Configurable {
    let retentionDays: Int
    let foldInterval: Duration

    init(_ read: inout ConfigurationReader) {
        retentionDays = read.int(
            "EVENT_RETENTION_DAYS", default: 90, in: 1...3650,
            "How long single events are kept; sums are kept for good.")
        foldInterval = read.milliseconds(
            "FOLD_INTERVAL_MS", default: 1_000, in: 100...600_000, "How often new events are added to the hourly sums.")
    }
}
