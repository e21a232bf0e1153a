import Configuration

/// The settings of the notifier.
struct NotifierConfiguration: Configurable {
    let smtpURL: String
    let mailFrom: String
    let webhookSecret: String
    let allowsPrivateTargets: Bool
    let webhookTimeout: Duration
    let webhookSlots: Int
    let heartbeat: Duration
    let clientLimit: Int
    let liveRetention: Duration

    init(_ read: inout ConfigurationReader) {
        smtpURL = read.url(
            "SMTP_URL", schemes: ["smtp", "smtps"], isRequired: false,
            "Mail server, with user and password in it where it wants them; without it no mail is sent.")
        mailFrom = read.string("MAIL_FROM", default: "atelier@localhost", "The sender of mails.")
        webhookSecret = read.secret(
            "WEBHOOK_SEAL_SECRET", minimumLength: 32, "Seals the secrets of webhooks at rest.")
        allowsPrivateTargets = read.bool(
            "WEBHOOK_ALLOW_PRIVATE", default: false,
            "Whether webhooks may go to plain http and to private addresses. For development only.")
        webhookTimeout = read.milliseconds(
            "WEBHOOK_TIMEOUT_MS", default: 20_000, in: 1_000...30_000, "How long a webhook's receiver may take.")
        webhookSlots = read.int("WEBHOOK_SLOTS", default: 32, in: 1...512, "Deliveries under way at once.")
        heartbeat = read.milliseconds(
            "HEARTBEAT_MS", default: 15_000, in: 1_000...60_000, "How often a silent live stream shows a sign of life.")
        clientLimit = read.int("LIVE_CLIENTS", default: 5_000, in: 1...100_000, "Live streams open at once.")
        liveRetention = read.milliseconds(
            "LIVE_RETENTION_MS", default: 3_600_000, in: 60_000...86_400_000,
            "How long a listener may stay away and still read on.")
    }
}
