/// What a request says of who makes it.
enum Credentials: Equatable {
    case none
    /// An access token, in the head's bytes.
    case token(ByteRange)
    /// Something that is never accepted at this door: another scheme, two fields, a broken cookie.
    case unusable
    /// A change by cookie without the header that proves that a page of ours made it.
    case withoutCSRF

    /// Names of the cookies of the user service.
    static let tokenCookie: StaticString = "atelier_access"
    static let csrfCookie: StaticString = "atelier_csrf"

    /// Finds the credentials in a request's head.
    static func find(in head: RequestParser, _ bytes: UnsafeRawBufferPointer) -> Credentials {
        if let index = head.authorization {
            guard !head.authorizationIsRepeated else { return .unusable }
            return bearer(head.fields[index].value, bytes)
        }
        var token: ByteRange?
        var csrf: ByteRange?
        var repeated = false
        for field in head.fields where field.known == .cookie {
            forEachCookie(field.value, bytes) { name, value in
                if name.of(bytes).equals(tokenCookie) {
                    repeated = repeated || token != nil
                    token = value
                } else if name.of(bytes).equals(csrfCookie) {
                    csrf = value
                }
            }
        }
        guard let token, !token.isEmpty else { return .none }
        guard !repeated else { return .unusable }
        if head.method?.isSafe == true { return .token(token) }
        guard let csrf, !csrf.isEmpty, let given = head.fields.first(where: { $0.known == .csrfToken })?.value,
            areEqual(csrf.of(bytes), given.of(bytes))
        else { return .withoutCSRF }
        return .token(token)
    }

    /// `Bearer`, one space, and a token.
    private static func bearer(_ value: ByteRange, _ bytes: UnsafeRawBufferPointer) -> Credentials {
        let text = value.of(bytes)
        guard text.count > 7, text[6] == 0x20,
            UnsafeRawBufferPointer(rebasing: text[..<6]).equalsIgnoringCase("bearer"),
            !text[7...].contains(0x20)
        else { return .unusable }
        return .token(ByteRange(Int(value.start) + 7, Int(value.end)))
    }

    private static func forEachCookie(
        _ value: ByteRange, _ bytes: UnsafeRawBufferPointer, _ body: (ByteRange, ByteRange) -> Void
    ) {
        var start = Int(value.start)
        let end = Int(value.end)
        while start < end {
            let stop = bytes[start..<end].firstIndex(of: UInt8(ascii: ";")) ?? end
            while start < stop, bytes[start] == 0x20 { start += 1 }
            if let equals = bytes[start..<stop].firstIndex(of: UInt8(ascii: "=")) {
                body(ByteRange(start, equals), ByteRange(equals + 1, stop))
            }
            start = stop + 1
        }
    }

    /// Equality in a time that tells nothing of where they differ.
    private static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<left.count { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
