internal import Configuration
internal import Primitives
internal import ServiceKit

/// The gateway's settings.
struct GatewayConfiguration: Configurable {
    let host: String
    let port: Int
    let adminPort: Int
    let logLevel: String
    let accessLog: Bool
    let loops: Int
    let serviceSecret: String
    let tracesEndpoint: String
    let errorReports: String
    let errorEnvironment: String
    let scrubber: Scrubber
    let drainDelay: Duration
    let stopLimit: Duration
    /// URL and URL of the private listener, by the raw values of ``UpstreamName``.
    let upstreams: [(url: String, admin: String)]
    let headTime: Duration
    let idleTime: Duration
    let connectTime: Duration
    let answerTime: Duration
    let minimumRate: Int
    let contentLimit: Int
    let fileLimit: Int
    let clientConnections: Int
    let upstreamConnections: Int
    let breakerThreshold: Int
    let breakerWindow: Duration
    let breakerRecovery: Duration
    let trustedProxies: Int
    let isSecure: Bool
    let corsOrigins: String
    let tokenCache: Int
    let ratePerson: Int
    let rateSignIn: Int
    let rateRefused: Int
    let rateOpen: Int
    let rateProjects: Int
    let rateGenerate: Int
    let rateRender: Int
    let ratePublish: Int
    let redis: String
    let redisAuthorities: String
    let redisTime: Duration

    init(_ read: inout ConfigurationReader) {
        host = read.string("HOST", default: "127.0.0.1", "Address to listen on; 0.0.0.0 in a container.")
        port = read.int("PORT", default: 8080, in: 0...65_535, "Port of the public door; 0 takes a free one.")
        adminPort = read.int(
            "ADMIN_PORT", default: 9080, in: 0...65_535, "Private port: /health/live, /health/ready, /metrics.")
        logLevel = read.string(
            "LOG_LEVEL", default: "info", choices: ["debug", "info", "warning", "error"], "Least level that is logged.")
        accessLog = read.bool("ACCESS_LOG", default: true, "Whether each request is logged.")
        loops = read.int("LOOPS", default: 0, in: 0...64, "Event loops; 0 for one per core.")
        serviceSecret = read.secret(
            "SERVICE_SECRET", minimumLength: 32, "Signs the calls between services; the same for all of them.")
        tracesEndpoint = read.url(
            "OTLP_ENDPOINT", isRequired: false, "Where spans go (OTLP/HTTP, JSON), with its path; nowhere by default.")
        (errorReports, errorEnvironment) = ErrorReporter.settings(&read)
        drainDelay = read.milliseconds(
            "DRAIN_DELAY_MS", default: 3_000, in: 0...120_000,
            "How long the gateway still takes requests, marked not ready, after it was told to stop.")
        stopLimit = read.milliseconds(
            "STOP_LIMIT_MS", default: 20_000, in: 1_000...600_000, "How long requests in hand may take to end then.")
        upstreams = UpstreamName.allCases.map { name in
            let url = read.url(
                "\(name.variable)_URL", default: "http://127.0.0.1:\(name.port)", schemes: ["http"],
                "The service \(name.text).")
            let admin = read.url(
                "\(name.variable)_ADMIN_URL", default: "http://127.0.0.1:\(name.port + 1000)", schemes: ["http"],
                "The private listener of the service \(name.text), asked whether it is ready.")
            return (url, admin)
        }
        headTime = read.milliseconds(
            "HEAD_TIMEOUT_MS", default: 10_000, in: 100...120_000, "How long a request's head may take to arrive.")
        idleTime = read.milliseconds(
            "IDLE_TIMEOUT_MS", default: 60_000, in: 1_000...3_600_000,
            "How long a connection may wait between requests.")
        connectTime = read.milliseconds(
            "CONNECT_TIMEOUT_MS", default: 2_000, in: 50...60_000, "How long a connect to a service may take.")
        answerTime = read.milliseconds(
            "ANSWER_TIMEOUT_MS", default: 60_000, in: 100...3_600_000,
            "How long a service may be silent while an answer is due.")
        minimumRate = read.int(
            "MINIMUM_RATE", default: 1024, in: 0...1_048_576,
            "Bytes a second that a client must send or take, over ten seconds, while it is waited for.")
        contentLimit = read.int(
            "CONTENT_LIMIT_BYTES", default: 1_000_000, in: 1_024...104_857_600, "Largest content of a JSON route.")
        fileLimit = read.int(
            "FILE_LIMIT_BYTES", default: 17_179_869_184, in: 1_024...1_099_511_627_776,
            "Largest content of one request of an upload route.")
        clientConnections = read.int(
            "CLIENT_CONNECTIONS", default: 8_192, in: 16...1_000_000, "Clients connected at once, at most.")
        upstreamConnections = read.int(
            "UPSTREAM_CONNECTIONS", default: 1_024, in: 1...100_000, "Connections to one service, at most.")
        breakerThreshold = read.int(
            "BREAKER_ERRORS", default: 5, in: 0...1_000,
            "Failures after which a service is left alone for a while; 0 for never.")
        breakerWindow = read.milliseconds(
            "BREAKER_WINDOW_MS", default: 30_000, in: 100...3_600_000, "The time within which they count.")
        breakerRecovery = read.milliseconds(
            "BREAKER_RECOVERY_MS", default: 60_000, in: 100...3_600_000,
            "How long it is left alone, unless its private listener says earlier that it is ready.")
        trustedProxies = read.int(
            "TRUSTED_PROXIES", default: 0, in: 0...16,
            "How many proxies stand in front and write X-Forwarded-For; 0 trusts none of its entries.")
        isSecure = read.bool(
            "BEHIND_TLS", default: false, "Whether clients speak TLS to what stands in front (adds HSTS).")
        corsOrigins = read.string(
            "CORS_ORIGINS", default: "",
            "Origins whose pages may call, separated by commas; * for all, without cookies.")
        tokenCache = read.int(
            "TOKEN_CACHE", default: 4_096, in: 0...1_000_000,
            "Tokens remembered as good by each loop, for a minute at most; 0 checks every signature.")
        let scale = read.number(
            "RATE_LIMIT_SCALE", default: 1, in: 0.01...100_000, "Multiplies all rate limits, for tests and tools.")
        func limit(_ name: String, _ fallback: Int, _ meaning: String) -> Int {
            let value = read.int(name, default: fallback, in: 0...1_000_000_000, meaning + "; 0 for no limit.")
            return value == 0 ? 0 : max(1, Int(Double(value) * scale))
        }
        ratePerson = limit("RATE_LIMIT_PERSON", 600, "Requests a minute of one person (GW-009)")
        rateSignIn = limit("RATE_LIMIT_SIGN_IN", 30, "Requests a minute of one address to sign in")
        rateRefused = limit("RATE_LIMIT_REFUSED", 300, "Requests a minute of one address with bad credentials")
        rateOpen = limit("RATE_LIMIT_OPEN", 1_200, "Other requests a minute of one address without credentials")
        rateProjects = limit("RATE_LIMIT_PROJECTS", 100, "Requests a minute of one person to /projects (GW-010)")
        rateGenerate = limit("RATE_LIMIT_GENERATE", 20, "Requests a minute of one person to /assets/generate (GW-011)")
        rateRender = limit("RATE_LIMIT_RENDER", 5, "Requests a minute of one person to /videos/render (GW-012)")
        ratePublish = limit("RATE_LIMIT_PUBLISH", 10, "Requests an hour of one person to /publish (GW-013)")
        redis = read.secret(
            "REDIS_URL", isRequired: false,
            "Where gateways count limits together, redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or rediss://…; each "
                + "counts alone by default.")
        redisAuthorities = read.string(
            "REDIS_CA_FILE", default: "", "PEM file of authorities that it trusts for rediss; the system's if empty.")
        redisTime = read.milliseconds(
            "REDIS_TIMEOUT_MS", default: 1_000, in: 50...60_000,
            "How long a connect to it may take, and each exchange of counts; no request waits for that.")
        scrubber = Scrubber(secrets: read.secrets)
    }
}
