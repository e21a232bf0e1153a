/// Fields that make browsers careful with answers (GW-007). A service may be stricter or, for media, of another mind:
/// what it sets itself is kept.
enum SecurityHeaders {
    /// Field, line, and whether media answers have it too: a policy without sources would keep a browser from playing
    /// the very file it was sent.
    static let lines: [(name: FieldName, line: StaticString, forMedia: Bool)] = [
        (.contentTypeOptions, "X-Content-Type-Options: nosniff\r\n", true),
        (.referrerPolicy, "Referrer-Policy: no-referrer\r\n", true),
        (.frameOptions, "X-Frame-Options: DENY\r\n", false),
        (.contentSecurityPolicy, "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n", false),
        (.resourcePolicy, "Cross-Origin-Resource-Policy: same-site\r\n", false),
        (.permissionsPolicy, "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n", false),
    ]

    /// For answers whose request came over TLS.
    static let strictTransport: StaticString = "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
}
