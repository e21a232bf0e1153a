/// Field names that mean something to the gateway. All others are passed on.
enum FieldName: UInt8, CaseIterable, Sendable {
    case other
    case host, contentLength, transferEncoding, connection, keepAlive, proxyConnection, te, trailer, upgrade, expect
    case authorization, proxyAuthorization, proxyAuthenticate, cookie, origin, csrfToken, requestID
    case traceparent, tracestate, baggage, forwarded, forwardedFor, forwardedProto, methodOverride, via, date, server
    case accessControlRequestMethod, accessControlRequestHeaders
    case ifNoneMatch, contentType, webSocketProtocol
    case contentTypeOptions, frameOptions, referrerPolicy, contentSecurityPolicy, resourcePolicy
    case strictTransportSecurity, permissionsPolicy, vary
    case allowOrigin, allowCredentials, allowMethods, allowHeaders, exposeHeaders, maxAge
    case rateLimitLimit, rateLimitRemaining, rateLimitReset
    /// A name by which a client could pass for somebody else, or for a proxy of ours.
    case identity

    /// The name in lower case.
    var text: StaticString {
        switch self {
        case .other, .identity: ""
        case .host: "host"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .connection: "connection"
        case .keepAlive: "keep-alive"
        case .proxyConnection: "proxy-connection"
        case .te: "te"
        case .trailer: "trailer"
        case .upgrade: "upgrade"
        case .expect: "expect"
        case .authorization: "authorization"
        case .proxyAuthorization: "proxy-authorization"
        case .proxyAuthenticate: "proxy-authenticate"
        case .cookie: "cookie"
        case .origin: "origin"
        case .csrfToken: "x-csrf-token"
        case .requestID: "x-request-id"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .baggage: "baggage"
        case .forwarded: "forwarded"
        case .forwardedFor: "x-forwarded-for"
        case .forwardedProto: "x-forwarded-proto"
        case .methodOverride: "x-http-method-override"
        case .via: "via"
        case .date: "date"
        case .server: "server"
        case .accessControlRequestMethod: "access-control-request-method"
        case .accessControlRequestHeaders: "access-control-request-headers"
        case .ifNoneMatch: "if-none-match"
        case .contentType: "content-type"
        case .webSocketProtocol: "sec-websocket-protocol"
        case .contentTypeOptions: "x-content-type-options"
        case .frameOptions: "x-frame-options"
        case .referrerPolicy: "referrer-policy"
        case .contentSecurityPolicy: "content-security-policy"
        case .resourcePolicy: "cross-origin-resource-policy"
        case .strictTransportSecurity: "strict-transport-security"
        case .permissionsPolicy: "permissions-policy"
        case .vary: "vary"
        case .allowOrigin: "access-control-allow-origin"
        case .allowCredentials: "access-control-allow-credentials"
        case .allowMethods: "access-control-allow-methods"
        case .allowHeaders: "access-control-allow-headers"
        case .exposeHeaders: "access-control-expose-headers"
        case .maxAge: "access-control-max-age"
        case .rateLimitLimit: "ratelimit-limit"
        case .rateLimitRemaining: "ratelimit-remaining"
        case .rateLimitReset: "ratelimit-reset"
        }
    }

    /// Names that begin so say who somebody is, or where a request came from: only the gateway says that (R41).
    /// An underscore counts as a hyphen, as in CGI.
    private static let identityPrefixes: [StaticString] = [
        "x-forwarded-", "x-user", "x-internal", "x-workspace", "x-tenant", "x-role", "x-session", "x-principal",
        "x-auth", "x-account", "x-atelier-", "x-real-ip", "x-client-ip", "x-original-", "x-rewrite-", "x-cluster-",
        "true-client-ip", "cf-connecting-ip", "x-http-method", "x-method-override",
    ]

    /// Which name the bytes are, whatever their case.
    /// - Parameter hash: ``FieldNameHash`` over the bytes.
    static func identify(_ bytes: UnsafeRawBufferPointer, hash: UInt32) -> FieldName {
        var index = Int(hash & FieldNameTable.mask)
        while true {
            let entry = FieldNameTable.shared.entries[index]
            if entry.name == .other { break }
            if entry.hash == hash, equals(bytes, entry.name.text) { return entry.name }
            index = (index + 1) & Int(FieldNameTable.mask)
        }
        return isIdentity(bytes) ? .identity : .other
    }

    private static func isIdentity(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count > 4 else { return false }
        switch bytes[0] | 0x20 {
        case UInt8(ascii: "x"):
            guard bytes[1] == UInt8(ascii: "-") || bytes[1] == UInt8(ascii: "_") else { return false }
        case UInt8(ascii: "t"), UInt8(ascii: "c"): break
        default: return false
        }
        return identityPrefixes.contains { prefix in
            bytes.count >= prefix.utf8CodeUnitCount
                && equals(
                    UnsafeRawBufferPointer(rebasing: bytes[..<prefix.utf8CodeUnitCount]), prefix,
                    ignoresUnderscores: true)
        }
    }

    private static func equals(
        _ bytes: UnsafeRawBufferPointer, _ text: StaticString, ignoresUnderscores: Bool = false
    ) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        let other = text.utf8Start
        for index in 0..<bytes.count {
            var byte = bytes[index]
            if byte >= 0x41, byte <= 0x5A { byte |= 0x20 }
            if ignoresUnderscores, byte == UInt8(ascii: "_") { byte = UInt8(ascii: "-") }
            if byte != other[index] { return false }
        }
        return true
    }
}

/// The hash of a field name that is taken while its characters are checked (FNV-1a over the lower-case bytes).
struct FieldNameHash {
    private(set) var value: UInt32 = 0x811C_9DC5

    @inline(__always)
    mutating func add(_ byte: UInt8) {
        var lower = byte
        if lower >= 0x41, lower <= 0x5A { lower |= 0x20 }
        value = (value ^ UInt32(lower)) &* 0x0100_0193
    }
}

/// An open table from hashes to names; built once, never changed.
private final class FieldNameTable: @unchecked Sendable {  // Immutable after its initialiser.
    static let shared = FieldNameTable()
    static let mask: UInt32 = 255
    let entries: UnsafeMutablePointer<(hash: UInt32, name: FieldName)>

    init() {
        entries = .allocate(capacity: Int(Self.mask) + 1)
        entries.initialize(repeating: (0, .other), count: Int(Self.mask) + 1)
        for name in FieldName.allCases where name != .other && name != .identity {
            var hash = FieldNameHash()
            for byte in UnsafeBufferPointer(start: name.text.utf8Start, count: name.text.utf8CodeUnitCount) {
                hash.add(byte)
            }
            var index = Int(hash.value & Self.mask)
            while entries[index].name != .other { index = (index + 1) & Int(Self.mask) }
            entries[index] = (hash.value, name)
        }
    }
}
