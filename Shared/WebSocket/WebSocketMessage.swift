public import FoundationEssentials

/// A message of a WebSocket.
public enum WebSocketMessage: Sendable, Equatable {
    /// Text, checked to be UTF-8.
    case text(String)
    /// Bytes of any meaning.
    case binary(Data)
}

/// Why a WebSocket closes (RFC 6455 §7.4), open for application codes from 4000 to 4999.
public struct WebSocketCloseCode: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The purpose is fulfilled.
    public static let normal = WebSocketCloseCode(rawValue: 1000)
    /// The process ends, or the page is left.
    public static let goingAway = WebSocketCloseCode(rawValue: 1001)
    /// A frame that the protocol does not allow.
    public static let protocolError = WebSocketCloseCode(rawValue: 1002)
    /// Text that is no UTF-8.
    public static let invalidText = WebSocketCloseCode(rawValue: 1007)
    /// What no other code says: too many pings, a session that ended, a client that does not read.
    public static let policyViolation = WebSocketCloseCode(rawValue: 1008)
    /// More bytes than ``WebSocketOptions/messageBytes``.
    public static let messageTooBig = WebSocketCloseCode(rawValue: 1009)
    /// A fault of ours.
    public static let internalError = WebSocketCloseCode(rawValue: 1011)
    /// No room at the moment (IANA registry).
    public static let tryAgainLater = WebSocketCloseCode(rawValue: 1013)
}

/// What a WebSocket takes.
public struct WebSocketOptions: Sendable {
    /// Bytes of a message, over all its fragments; a longer one closes with 1009.
    public var messageBytes = 64 << 10
    /// Bytes that may wait for a slow client; more closes with 1008.
    public var waitingBytes = 1 << 20
    /// How often the client is asked whether it is there; without a sign of life for two of these it is dropped.
    public var pingInterval: Duration = .seconds(25)
    /// Pings of the client in ten seconds; more closes with 1008.
    public var pingLimit = 100
    /// Values of `Origin` that may connect; `nil` takes all, also none.
    public var origins: Set<String>?
    /// Subprotocols that are spoken, best first.
    public var protocols: [String] = []

    public init() {}
}
