import Configuration

/// The settings of the publisher beside the platform's.
struct PublisherConfiguration: Configurable {
    let sealSecret: String
    let sandboxURL: String
    let slots: Int
    let metricsInterval: Duration

    init(_ read: inout ConfigurationReader) {
        sealSecret = read.secret(
            "TOKEN_SEAL_SECRET", minimumLength: 32,
            "Seals the tokens of social accounts (AES-GCM). Keep it: without it "
                + "every account has to be connected again.")
        sandboxURL = read.url(
            "SANDBOX_NETWORK_URL", default: "http://127.0.0.1:8070", "The social network of the sandbox.")
        slots = read.int("PUBLISH_SLOTS", default: 16, in: 1...256, "Posts that are sent at a time.")
        metricsInterval = read.milliseconds(
            "METRICS_INTERVAL_MS", default: 5_000, in: 100...3_600_000,
            "Shortest time between two looks at a post's figures; old posts are looked at less often.")
    }
}
