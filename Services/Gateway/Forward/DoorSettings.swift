internal import Primitives

/// What the loops need of the configuration, in the units that they count in: milliseconds and bytes.
struct DoorSettings: Sendable {
    var limits = HTTPLimits()
    var headTime: UInt64 = 10_000
    var idleTime: UInt64 = 60_000
    var connectTime: UInt64 = 2_000
    var answerTime: UInt64 = 60_000
    var poolTime: UInt64 = 20_000
    var tunnelTime: UInt64 = 300_000
    /// Bytes a second, on the average of each window.
    var minimumRate = 1024
    var paceWindow: UInt64 = 10_000
    var contentLimit: Int64 = 1_000_000
    var fileLimit: Int64 = 1 << 34
    var upstreamConnections = 1024
    var clientConnections = 8192
    var trustedProxies = 0
    var isSecure = false
    var tokenCache = 4096

    init() {}

    init(_ configuration: GatewayConfiguration) {
        headTime = UInt64(configuration.headTime.milliseconds)
        idleTime = UInt64(configuration.idleTime.milliseconds)
        connectTime = UInt64(configuration.connectTime.milliseconds)
        answerTime = UInt64(configuration.answerTime.milliseconds)
        minimumRate = configuration.minimumRate
        contentLimit = Int64(configuration.contentLimit)
        fileLimit = Int64(configuration.fileLimit)
        upstreamConnections = configuration.upstreamConnections
        clientConnections = configuration.clientConnections
        trustedProxies = configuration.trustedProxies
        isSecure = configuration.isSecure
        tokenCache = configuration.tokenCache
    }
}
