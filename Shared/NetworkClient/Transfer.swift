internal import CCurl
internal import FoundationEssentials
internal import Glibc
internal import HTTP
internal import Synchronization

/// One transfer between curl's thread and the task that asked for it.
///
/// Content that nobody reads pauses the download; content that is not there yet pauses the upload.
final class Transfer: Sendable {
    /// What curl reads from.
    enum Upload: Sendable {
        case none
        case data(Data)
        case file(descriptor: Int32, offset: Int64, length: Int64)
        case stream(length: Int64?)
    }

    private struct State {
        var status = 0
        var headers = HTTPHeaders()
        var isDelivered = false
        var isDone = false
        var head: CheckedContinuation<(HTTPStatus, HTTPHeaders), any Error>?
        var content = ContentBuffer(limit: 512 << 10)
        var isReceivePaused = false
        var isSendPaused = false
        var chunk = Data()
        var writer: CheckedContinuation<Void, any Error>?
        var sourceEnded = false
        var sourceFailure: (any Error)?
        var position: Int64 = 0
    }

    let upload: Upload
    /// The answer begins with a head; a mail has none.
    private let hasHead: Bool
    private let followsRedirects: Bool
    /// Sets options on the handle; runs on curl's thread.
    let configure: @Sendable (EasyHandle) -> Void
    private let state = Mutex(State())
    private let loop: CurlLoop

    init(
        loop: CurlLoop, upload: Upload, hasHead: Bool = true, followsRedirects: Bool,
        configure: @escaping @Sendable (EasyHandle) -> Void
    ) {
        self.loop = loop
        self.upload = upload
        self.hasHead = hasHead
        self.followsRedirects = followsRedirects
        self.configure = configure
    }

    deinit {
        if case .file(let descriptor, _, _) = upload { close(descriptor) }
    }

    // MARK: The task's side

    /// Starts, and waits for the head of the answer.
    func run() async throws -> (HTTPStatus, HTTPHeaders) {
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await withCheckedThrowingContinuation { continuation in
                let isDone = state.withLock { state in
                    if !state.isDone { state.head = continuation }
                    return state.isDone
                }
                if isDone { continuation.resume(throwing: CancellationError()) } else { loop.add(self) }
            }
        } onCancel: {
            cancel()
        }
    }

    var isDone: Bool { state.withLock { $0.isDone } }

    func cancel() { loop.cancel(self, CancellationError()) }

    /// The next part of the answer's content.
    func next() async throws -> Data? {
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await withCheckedThrowingContinuation { continuation in
                let (wake, mayGoOn) = state.withLock { state in
                    let wake = state.content.take(continuation)
                    defer { if !state.content.isFull { state.isReceivePaused = false } }
                    return (wake, state.isReceivePaused && !state.content.isFull)
                }
                wake?()
                if mayGoOn { loop.unpause(self) }
            }
        } onCancel: {
            let wake = state.withLock { $0.content.cancelReader() }
            wake?()
        }
    }

    /// Nobody will read the rest.
    func abandon() {
        if !isDone { cancel() }
    }

    /// Feeds the upload from `source`; returns when all was taken or the transfer is over.
    func pump(_ source: HTTPBody) async {
        do {
            for try await chunk in source where !chunk.isEmpty { try await write(chunk) }
            let isPaused = state.withLock { state in
                state.sourceEnded = true
                defer { state.isSendPaused = false }
                return state.isSendPaused
            }
            if isPaused { loop.unpause(self) }
        } catch {
            state.withLock { if $0.sourceFailure == nil { $0.sourceFailure = error } }
            loop.cancel(self, error)
        }
    }

    private func write(_ chunk: Data) async throws {
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let (isDone, isPaused) = state.withLock { state in
                    if state.isDone { return (true, false) }
                    state.chunk = chunk
                    state.writer = continuation
                    defer { state.isSendPaused = false }
                    return (false, state.isSendPaused)
                }
                if isDone { continuation.resume(throwing: PeerGone()) }
                if isPaused { loop.unpause(self) }
            }
        } onCancel: {
            let writer = state.withLock { $0.writer.take() }
            writer?.resume(throwing: CancellationError())
        }
    }

    // MARK: curl's side, on its thread

    /// What is held back now, as curl's pause mask.
    var pauseMask: Int32 {
        state.withLock { state in
            (state.isReceivePaused ? ATELIER_CURL_PAUSE_RECV : 0) | (state.isSendPaused ? ATELIER_CURL_PAUSE_SEND : 0)
        }
    }

    func received(headerLine line: String) {
        let line = line.last?.isNewline == true ? String(line.dropLast()) : line
        let head = state.withLock { state -> CheckedContinuation<(HTTPStatus, HTTPHeaders), any Error>? in
            guard !state.isDelivered else { return nil }
            if line.hasPrefix("HTTP/") {
                state.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
                state.headers = HTTPHeaders()
            } else if line.isEmpty {
                let isRedirect = (300..<400).contains(state.status) && state.headers.contains("Location")
                guard state.status >= 200, !(followsRedirects && isRedirect && state.status != 304) else { return nil }
                state.isDelivered = true
                return state.head.take()
            } else if let colon = line.firstIndex(of: ":") {
                state.headers.add(String(line[..<colon]), line[line.index(after: colon)...].trimmingBlanks())
            }
            return nil
        }
        if let head { head.resume(returning: state.withLock { (HTTPStatus($0.status), $0.headers) }) }
    }

    /// - Returns: whether it was taken; else the download pauses.
    func received(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (wake, taken) = state.withLock { state -> (ContentBuffer.Wake?, Bool) in
            guard state.isDelivered else { return (nil, true) }
            if state.content.isFull {
                state.isReceivePaused = true
                return (nil, false)
            }
            return (state.content.append(Data(bytes)), true)
        }
        wake?()
        return taken
    }

    /// Fills curl's buffer: the count, 0 at the end, or one of curl's two signals.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        var writer: CheckedContinuation<Void, any Error>?
        let count = state.withLock { state -> Int in
            switch upload {
            case .none: return 0
            case .data(let data):
                let count = min(buffer.count, data.count - Int(state.position))
                let start = data.startIndex + Int(state.position)
                data[start..<start + count].copyBytes(to: buffer)
                state.position += Int64(count)
                return count
            case .file(let descriptor, let offset, let length):
                let wanted = Int(min(Int64(buffer.count), length - state.position))
                guard wanted > 0 else { return 0 }
                let count = pread(descriptor, buffer.baseAddress, wanted, Int(offset + state.position))
                guard count > 0 else { return ATELIER_CURL_READ_ABORT }
                state.position += Int64(count)
                return count
            case .stream:
                if !state.chunk.isEmpty {
                    let count = min(buffer.count, state.chunk.count)
                    state.chunk.prefix(count).copyBytes(to: buffer)
                    state.chunk = count == state.chunk.count ? Data() : state.chunk.dropFirst(count)
                    state.position += Int64(count)
                    if state.chunk.isEmpty { writer = state.writer.take() }
                    return count
                }
                if state.sourceEnded { return 0 }
                if state.sourceFailure != nil { return ATELIER_CURL_READ_ABORT }
                state.isSendPaused = true
                return ATELIER_CURL_READ_PAUSE
            }
        }
        writer?.resume()
        return count
    }

    /// Goes back to `offset` of the content, where curl must send again (a kept connection that was closed).
    func seek(_ offset: Int64) -> Bool {
        state.withLock { state in
            if case .stream = upload { return offset == state.position }
            state.position = offset
            return true
        }
    }

    /// The transfer is over; `error` is `nil` for a whole answer.
    func finished(_ error: (any Error)?) {
        let (head, wake, writer, failure) = state.withLock { state in
            state.isDone = true
            let failure = state.sourceFailure ?? error
            let wake = failure.map { state.content.fail($0) } ?? state.content.end()
            return (state.head.take(), wake, state.writer.take(), failure)
        }
        wake?()
        writer?.resume(throwing: PeerGone())
        if failure == nil, !hasHead { return head?.resume(returning: (.ok, HTTPHeaders())) ?? () }
        head?.resume(
            throwing: failure ?? HTTPClientError(.invalidAnswer, detail: "no answer", outcomeUnknown: true))
    }
}

/// Reads a transfer's content; when the last reader is gone, the rest is not wanted.
final class TransferBody: HTTPBodySource {
    private let transfer: Transfer
    init(_ transfer: Transfer) { self.transfer = transfer }
    deinit { transfer.abandon() }
    func next() async throws -> Data? { try await transfer.next() }
}
