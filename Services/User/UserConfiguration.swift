import Configuration

/// The settings of the user service.
struct UserConfiguration: Configurable {
    let sealSecret: String
    let hashMemory: Int
    let hashPasses: Int
    let hashThreads: Int
    let hashQueue: Int
    let accessLifetime: Duration
    let refreshLifetime: Duration
    let sessionLifetime: Duration
    let keyLife: Duration
    let keyLead: Duration

    /// When signing keys come and go.
    var keyPlan: KeyPlan { KeyPlan(life: keyLife, lead: keyLead, tail: accessLifetime + .seconds(60)) }

    init(_ read: inout ConfigurationReader) {
        sealSecret = read.secret("KEY_SEAL_SECRET", minimumLength: 32, "Seals the private signing keys at rest.")
        hashMemory = read.int(
            "ARGON2_MEMORY_KIB", default: 19_456, in: 19_456...1_048_576, "Memory of one password hash, KiB.")
        hashPasses = read.int("ARGON2_PASSES", default: 2, in: 2...32, "Passes of one password hash.")
        hashThreads = read.int(
            "ARGON2_THREADS", default: 0, in: 0...64, "Password hashes at once; 0 for one a core.")
        hashQueue = read.int(
            "ARGON2_QUEUE", default: 64, in: 1...10_000, "Password hashes that may wait; more are answered 503.")
        accessLifetime = read.milliseconds(
            "ACCESS_TOKEN_LIFETIME_MS", default: 600_000, in: 10_000...3_600_000, "How long an access token holds.")
        refreshLifetime = read.milliseconds(
            "REFRESH_TOKEN_LIFETIME_MS", default: 2_592_000_000, in: 60_000...31_536_000_000,
            "How long a refresh token waits to be used (30 days).")
        sessionLifetime = read.milliseconds(
            "SESSION_LIFETIME_MS", default: 7_776_000_000, in: 60_000...63_072_000_000,
            "How long a session lasts at most (90 days).")
        keyLife = read.milliseconds(
            "SIGNING_KEY_LIFE_MS", default: 2_592_000_000, in: 60_000...31_536_000_000,
            "How long a key signs before the next one does (30 days).")
        keyLead = read.milliseconds(
            "SIGNING_KEY_LEAD_MS", default: 600_000, in: 1_000...86_400_000,
            "How long a key is published before it signs; longer than others keep the key document.")
    }
}
