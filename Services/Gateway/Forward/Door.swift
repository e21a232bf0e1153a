internal import Auth
internal import HTTP
internal import Synchronization

/// What all loops share: the table of routes, the limits, the services behind. Nothing in it waits for anything.
final class Door: Sendable {
    let settings: DoorSettings
    let routes: RouteTree
    let rules: RateRules
    let limiter: RateLimiter
    let verifier: TokenVerifier
    let crossOrigin: CrossOrigin
    /// By the raw values of ``UpstreamName``.
    let upstreams: [Upstream]
    let pages: PageStore
    let log: AccessLog
    /// Whether finished spans are wanted.
    let makesSpans: Bool
    private let statusLines: [[UInt8]]
    private let connections = Atomic<Int>(0)
    private let leaving = Atomic<Bool>(false)

    init(
        settings: DoorSettings, routes: [Route], rules: RateRules, verifier: TokenVerifier, crossOrigin: CrossOrigin,
        upstreams: [Upstream], pages: PageStore, log: AccessLog, makesSpans: Bool = false,
        limiter: RateLimiter = RateLimiter()
    ) {
        self.settings = settings
        self.routes = RouteTree(routes)
        self.rules = rules
        self.limiter = limiter
        self.verifier = verifier
        self.crossOrigin = crossOrigin
        self.upstreams = upstreams
        self.pages = pages
        self.log = log
        self.makesSpans = makesSpans
        statusLines = (0..<600).map { Array("HTTP/1.1 \($0) \(HTTPStatus($0).reason)\r\n".utf8) }
    }

    /// The first line of an answer.
    func statusLine(_ status: Int) -> [UInt8] { statusLines[status < 600 ? status : 500] }

    /// How many clients are connected.
    var clients: Int { connections.load(ordering: .relaxed) }

    /// Whether one more client fits.
    func clientArrived() -> Bool {
        if connections.add(1, ordering: .relaxed).newValue <= settings.clientConnections { return true }
        connections.subtract(1, ordering: .relaxed)
        return false
    }

    /// The process was told to stop. Requests are answered as before for a while, and each answer ends its connection: a
    /// proxy in front gives its idle connections up by itself, before the stop closes what a request may be on its way on.
    func leave() { leaving.store(true, ordering: .relaxed) }
    var isLeaving: Bool { leaving.load(ordering: .relaxed) }

    func clientLeft() { connections.subtract(1, ordering: .relaxed) }
}
