internal import CCurl
internal import FoundationEssentials
internal import HTTP
internal import Primitives

/// A request as curl's options.
struct CurlOptions: Sendable {
    let request: HTTPClientRequest
    let url: String
    let headers: HTTPHeaders
    let upload: Transfer.Upload

    func apply(to handle: EasyHandle) {
        handle.set(CURLOPT_URL, url)
        handle.set(CURLOPT_NOSIGNAL, 1)
        handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
        handle.set(CURLOPT_HTTP_VERSION, ATELIER_CURL_HTTP_1_1)
        handle.set(CURLOPT_PROXY, "")
        handle.set(CURLOPT_TCP_KEEPALIVE, 1)
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout)
        if let timeout = request.timeout { handle.set(CURLOPT_TIMEOUT_MS, timeout) }
        handle.set(CURLOPT_LOW_SPEED_LIMIT, 1)
        handle.set(CURLOPT_LOW_SPEED_TIME, max(1, Int(request.idleTimeout.seconds.rounded(.up))))
        if request.followRedirects {
            handle.set(CURLOPT_FOLLOWLOCATION, 1)
            handle.set(CURLOPT_MAXREDIRS, 5)
            handle.set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        }
        if !request.allowsPrivateAddresses { AddressGuard.install(on: handle) }
        applyMethod(to: handle)
        handle.setHeaderLines(lines)
    }

    private func applyMethod(to handle: EasyHandle) {
        let length: Int64? =
            switch upload {
            case .none: 0
            case .data(let data): Int64(data.count)
            case .file(_, _, let length): length
            case .stream(let length): length
            }
        switch (request.method, upload) {
        case (.GET, .none): handle.set(CURLOPT_HTTPGET, 1)
        case (.HEAD, _): handle.set(CURLOPT_NOBODY, 1)
        case (.DELETE, .none), (.OPTIONS, .none): handle.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        default:
            // `POST` with curl's read callback sends any content, also none (`Content-Length: 0`, which S3 demands).
            handle.set(CURLOPT_POST, 1)
            handle.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
            handle.set(CURLOPT_POSTFIELDSIZE_LARGE, offset: length ?? -1)
            if (length ?? .max) > 64 << 10 {
                handle.set(CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
            }
        }
        handle.set(CURLOPT_BUFFERSIZE, request.method == .GET ? 256 << 10 : 16 << 10)
    }

    private var lines: [String] {
        var lines = headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        func leaveOut(_ name: String) { if !headers.contains(name) { lines.append("\(name):") } }
        leaveOut("Content-Type")
        leaveOut("Accept")
        if request.expectContinue { lines.append("Expect: 100-continue") } else { lines.append("Expect:") }
        if case .stream(nil) = upload { lines.append("Transfer-Encoding: chunked") }
        return lines
    }
}
