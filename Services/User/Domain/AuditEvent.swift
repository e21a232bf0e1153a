import FoundationEssentials
import Primitives

/// Something that must be provable later (OPS-083): who did what to whom, from where, and how it ended.
struct AuditEvent: Sendable, Encodable {
    enum Action: String, Sendable, Encodable {
        case registered, signedIn, signInFailed, signedOut, refreshReused, sessionRevoked, passwordChanged
        case profileChanged, keyMade, keyRetired, accountDisabled
    }

    let at: Date
    let action: Action
    /// `person`, or the name of a service.
    let actor: String
    let userId: String?
    let sessionId: String?
    let succeeded: Bool
    let address: String?
    let requestId: String?
    let traceId: String?
    let details: [String: String]

    init(
        _ action: Action, actor: String = "person", user: UUID? = nil, session: UUID? = nil, succeeded: Bool = true,
        client: Client? = nil, details: [String: String] = [:], at: Date = Date()
    ) {
        self.at = at
        self.action = action
        self.actor = actor
        userId = user?.text
        sessionId = session?.text
        self.succeeded = succeeded
        address = client?.address
        requestId = client?.requestID
        traceId = client?.traceID
        self.details = details
    }
}
