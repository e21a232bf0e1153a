internal import Auth

/// One request and its answer, while both go through.
final class Exchange {
    /// How much of the request's content is still to come.
    enum Incoming {
        case done
        case length(Int64)
        case chunked(ChunkDecoder)

        var isDone: Bool { if case .done = self { true } else { false } }
    }

    let method: RequestMethod?
    let requestID: [UInt8]
    let trace: TraceContext
    /// When the head was complete, nanoseconds of the loop's clock, and milliseconds since 1970.
    let began: UInt64
    let beganWall: Int64
    /// The route's index in the table.
    var route: Int?
    var principal: Principal?
    /// The limit that is nearest to its end.
    var rate: RateDecision?
    /// The origin of the page that asks, where it is let in.
    var origin: [UInt8] = []
    var allowsCookies = false

    /// The head as it goes to the upstream; kept until an answer begins, to be sent again.
    var head = ByteQueue()
    var incoming = Incoming.done
    /// How much content the route takes.
    var contentLimit: Int64 = 0
    /// Whether the client waits for `100 Continue`.
    var awaitsContinue = false
    var received: Int64 = 0
    var sent: Int64 = 0
    let isToHead: Bool
    let isVersion11: Bool
    var wantsWebSocket = false
    /// Whether the client's connection lives on afterwards.
    var keepsAlive: Bool

    var upstream: UpstreamConnection?
    var upstreamName: UpstreamName?
    /// How often a connection was tried.
    var attempts = 0
    /// Whether an answer to the client has begun.
    var hasAnswered = false
    var isAnswerChunked = false
    var status = 0
    var inPipe: Pipe?
    var outPipe: Pipe?

    init(
        head: borrowing RequestParser, requestID: [UInt8], trace: TraceContext, began: UInt64, beganWall: Int64
    ) {
        method = head.method
        isToHead = head.method == .head
        isVersion11 = head.isVersion11
        keepsAlive = head.keepsAlive
        awaitsContinue = head.expectsContinue
        wantsWebSocket = head.wantsWebSocket
        self.requestID = requestID
        self.trace = trace
        self.began = began
        self.beganWall = beganWall
        incoming =
            switch head.framing {
            case .length(let count): .length(count)
            case .chunked: .chunked(ChunkDecoder())
            case .none, .untilClose: .done
            }
    }

    /// Decides, when an answer begins, whether the connection can live on: only where what is left of the request's
    /// content is little enough to be read over.
    func settleKeepAlive() {
        switch incoming {
        case .done: break
        case .length(let left): if left > 65_536 || awaitsContinue { keepsAlive = false }
        case .chunked: keepsAlive = false
        }
    }

    /// Whether the request may go to another connection: nothing of its content is gone, and doing it twice is no harm.
    var canBeSentAgain: Bool { received == 0 && !hasAnswered && (method?.isIdempotent ?? false) }
}
