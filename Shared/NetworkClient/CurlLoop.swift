internal import CCurl
internal import Execution
internal import Synchronization

/// The thread on which curl runs all transfers of a client, and the calls from other threads to it.
final class CurlLoop: Sendable {
    private enum Command: Sendable {
        case add(Transfer)
        case unpause(Transfer)
        case cancel(Transfer, any Error)
        case close
    }

    /// curl's multi handle. Other threads call only `curl_multi_wakeup`, which curl allows.
    private struct Multi: @unchecked Sendable {  // See above.
        let pointer: UnsafeMutableRawPointer
    }

    static let isInitialized: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private let multi: Multi
    private let commands = Mutex<[Command]>([])
    private let running = Atomic(0)

    init(keptConnections: Int) {
        precondition(Self.isInitialized, "curl_global_init failed")
        guard let pointer = curl_multi_init() else { preconditionFailure("curl_multi_init failed") }
        multi = Multi(pointer: pointer)
        atelier_curl_multi_connections(pointer, keptConnections)
    }

    /// Transfers in work.
    var active: Int { running.load(ordering: .relaxed) }

    func start() { startThread { [self] in CurlThread(multi: multi.pointer).run(self) } }

    func add(_ transfer: Transfer) { send(.add(transfer)) }
    func unpause(_ transfer: Transfer) { send(.unpause(transfer)) }
    func cancel(_ transfer: Transfer, _ error: any Error) { send(.cancel(transfer, error)) }
    func close() { send(.close) }

    private func send(_ command: Command) {
        commands.withLock { $0.append(command) }
        curl_multi_wakeup(multi.pointer)
    }

    /// What only curl's thread touches.
    private final class CurlThread {
        private let multi: UnsafeMutableRawPointer
        private var transfers: [ObjectIdentifier: (transfer: Transfer, handle: EasyHandle)] = [:]

        init(multi: UnsafeMutableRawPointer) { self.multi = multi }

        func run(_ loop: CurlLoop) {
            var isOpen = true
            while isOpen || !transfers.isEmpty {
                let commands = loop.commands.withLock { commands in
                    defer { commands.removeAll(keepingCapacity: true) }
                    return commands
                }
                for command in commands {
                    switch command {
                    case .add(let transfer): add(transfer)
                    case .unpause(let transfer):
                        if let entry = transfers[ObjectIdentifier(transfer)] {
                            curl_easy_pause(entry.handle.pointer, transfer.pauseMask)
                        }
                    case .cancel(let transfer, let error):
                        if let entry = transfers.removeValue(forKey: ObjectIdentifier(transfer)) {
                            curl_multi_remove_handle(multi, entry.handle.pointer)
                        }
                        transfer.finished(error)
                    case .close: isOpen = false
                    }
                }
                var active: Int32 = 0
                curl_multi_perform(multi, &active)
                loop.running.store(Int(active), ordering: .relaxed)
                finish()
                curl_multi_poll(multi, nil, 0, 1000, nil)
            }
            curl_multi_cleanup(multi)
        }

        private func add(_ transfer: Transfer) {
            // It may have been cancelled before it was added.
            guard !transfer.isDone else { return }
            guard let handle = EasyHandle() else {
                return transfer.finished(HTTPClientError(.other, detail: "no handle", outcomeUnknown: false))
            }
            atelier_curl_callbacks(
                handle.pointer, Unmanaged.passUnretained(transfer).toOpaque(), curlHeader, curlWrite, curlRead, curlSeek
            )
            transfer.configure(handle)
            transfers[ObjectIdentifier(transfer)] = (transfer, handle)
            curl_multi_add_handle(multi, handle.pointer)
        }

        private func finish() {
            var result = CURLE_OK
            while let easy = atelier_curl_finished(multi, &result) {
                let found = NetworkClient.transfer(atelier_curl_context(easy))
                guard let found, let entry = transfers.removeValue(forKey: ObjectIdentifier(found)) else { continue }
                let error = result == CURLE_OK ? nil : HTTPClientError(result, easy)
                curl_multi_remove_handle(multi, easy)
                entry.transfer.finished(error)
            }
        }
    }
}

extension HTTPClientError {
    /// What a failed transfer means.
    init(_ result: CURLcode, _ easy: UnsafeMutableRawPointer) {
        let isMail = atelier_curl_is_mail(easy) != 0
        let wasSent = (isMail ? atelier_curl_uploaded(easy) : atelier_curl_request_size(easy)) > 0
        let reply = Int(atelier_curl_response_code(easy))
        if isMail, (400..<600).contains(reply) {
            // The server says what became of the message, wherever it says so: not taken, for now or for good.
            self.init(
                reply < 500 ? .other : .rejected, detail: "the mail server answered \(reply)", outcomeUnknown: false,
                replyCode: reply)
            return
        }
        let code: Code =
            switch result {
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT: .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST: .unresolved
            case CURLE_COULDNT_CONNECT: .refused
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_USE_SSL_FAILED:
                .tls
            case CURLE_TOO_MANY_REDIRECTS: .tooManyRedirects
            case CURLE_ABORTED_BY_CALLBACK: .forbiddenAddress
            case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: .reset
            case CURLE_WEIRD_SERVER_REPLY: .invalidAnswer
            case CURLE_LOGIN_DENIED: .rejected
            default: .other
            }
        self.init(
            code, detail: String(cString: curl_easy_strerror(result)), outcomeUnknown: wasSent && code != .rejected,
            replyCode: reply == 0 ? nil : reply)
    }
}
