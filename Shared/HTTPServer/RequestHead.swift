internal import CMicrohttpd
internal import FoundationEssentials
internal import HTTP

/// The head of a request as libmicrohttpd read it, before it is believed.
struct RequestHead {
    let method: HTTPMethod
    let headers: HTTPHeaders
    /// Content bytes announced; `nil` for chunked content.
    let contentLength: Int64?
    let expectsContinue: Bool

    var hasContent: Bool { contentLength != 0 }

    /// Reads a head and refuses what two parsers could understand differently (RFC 9112 §6.3, §3.2, §11.2).
    ///
    /// libmicrohttpd 0.9.75 itself takes Content-Length beside Transfer-Encoding, two Content-Lengths, unknown transfer
    /// codings, two Hosts and NUL.
    /// - Throws: ``Problem``; the connection must be closed after it.
    init(
        connection: OpaquePointer, method: String, target: String, version: String, limits: ServerLimits
    ) throws {
        let fields = FieldCollector.collect(connection)
        if target.utf8.count > limits.targetBytes {
            throw Problem(.uriTooLong, code: "uri_too_long", detail: "The target is too long.")
        }
        if fields.count > limits.headerFields
            || fields.contains(where: { $0.name.count + $0.value.count > limits.headerFieldBytes })
        {
            throw Problem(
                .requestHeaderFieldsTooLarge, code: "header_fields_too_large", detail: "The header is too large.")
        }
        var headers = HTTPHeaders()
        for field in fields {
            guard let name = String(validating: field.name, as: UTF8.self), Self.isToken(field.name) else {
                throw Self.malformed("A field name is not a token.")
            }
            guard !field.value.contains(where: { $0 == 0 || $0 == 0x0D || $0 == 0x0A }) else {
                throw Self.malformed("A field value has a control character.")
            }
            headers.add(name, String(decoding: field.value, as: UTF8.self))
        }
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
            throw Problem(HTTPStatus(505), code: "http_version_not_supported", detail: "Use HTTP/1.1.")
        }
        let hosts = headers.all("Host").count
        guard hosts == 1 || (hosts == 0 && version == "HTTP/1.0") else {
            throw Self.malformed("Exactly one Host is needed.")
        }
        contentLength = try Self.framing(headers, version: version)
        guard target.hasPrefix("/") || target == "*" else {
            throw Self.malformed("The target must begin with a slash.")
        }
        guard let known = HTTPMethod(rawValue: method) else {
            throw Problem(.notImplemented, code: "method_not_implemented", detail: "This method is not known here.")
        }
        self.method = known
        self.headers = headers
        expectsContinue = headers["Expect"]?.equalsIgnoringCase("100-continue") ?? false
    }

    private static func framing(_ headers: HTTPHeaders, version: String) throws -> Int64? {
        let lengths = headers.all("Content-Length")
        let codings = headers.all("Transfer-Encoding")
        if !codings.isEmpty {
            guard lengths.isEmpty, version == "HTTP/1.1" else {
                throw malformed("Content-Length and Transfer-Encoding exclude each other.")
            }
            guard codings.count == 1, codings[0].equalsIgnoringCase("chunked") else {
                throw Problem(.notImplemented, code: "transfer_coding", detail: "Only chunked is known.")
            }
            return nil
        }
        guard let first = lengths.first else { return 0 }
        guard lengths.count == 1, first.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int64(first)
        else {
            throw malformed("Content-Length must be one whole number.")
        }
        return length
    }

    private static func isToken(_ name: [UInt8]) -> Bool {
        !name.isEmpty
            && name.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func malformed(_ detail: String) -> Problem {
        Problem(.badRequest, code: "malformed_request", detail: detail)
    }
}

/// Copies the header fields out of libmicrohttpd.
private final class FieldCollector {
    private var fields: [(name: [UInt8], value: [UInt8])] = []

    static func collect(_ connection: OpaquePointer) -> [(name: [UInt8], value: [UInt8])] {
        let collector = FieldCollector()
        _ = atelier_mhd_headers(
            connection,
            { context, _, name, nameSize, value, valueSize in
                guard let context, let name else { return ATELIER_MHD_YES }
                func bytes(_ pointer: UnsafePointer<CChar>?, _ count: Int) -> [UInt8] {
                    pointer.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) } ?? []
                }
                Unmanaged<FieldCollector>.fromOpaque(context).takeUnretainedValue()
                    .fields.append((bytes(name, nameSize), bytes(value, valueSize)))
                return ATELIER_MHD_YES
            }, Unmanaged.passUnretained(collector).toOpaque())
        return collector.fields
    }
}
