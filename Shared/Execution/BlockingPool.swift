internal import CSystem
internal import Glibc
internal import Synchronization

/// Threads for C calls that block: Swift's own pool never runs one. Bounded in threads and in waiting work.
public final class BlockingPool: Sendable {
    /// The queue is full; try later.
    public struct Overloaded: Error, Sendable, CustomStringConvertible {
        /// The name of the pool that is full.
        public let pool: String
        public var description: String { "the thread pool \(pool) has too much waiting work" }
    }

    private typealias Work = @Sendable () -> Void
    private let queue: WorkQueue
    /// Named in its errors, and by its threads.
    public let name: String

    /// - Parameters:
    ///   - threads: threads at most; they start when first needed.
    ///   - queueLimit: how much work may wait before ``run(_:)`` throws ``Overloaded``.
    public init(name: String, threads: Int, queueLimit: Int = 10_000) {
        self.name = name
        self.queue = WorkQueue(name: name, threads: max(1, threads), limit: queueLimit)
    }

    deinit { queue.close() }

    /// How much work waits for a thread.
    public var waiting: Int { queue.waiting }

    /// Runs `body` on one of the pool's threads. Work that still waits when its task is cancelled is not begun.
    /// - Throws: what `body` throws, ``Overloaded``, `CancellationError`.
    public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
                let accepted = queue.add {
                    if flag.isCancelled { return continuation.resume(throwing: CancellationError()) }
                    continuation.resume(with: Result { try body() })
                }
                if !accepted { continuation.resume(throwing: Overloaded(pool: name)) }
            }
        } onCancel: {
            flag.cancel()
        }
    }
}

/// A flag that C callbacks can read (an AVIO interrupt, a curl progress function).
public final class CancellationFlag: Sendable {
    private let value = Atomic(false)
    public init() {}
    /// It was set; it stays so.
    public var isCancelled: Bool { value.load(ordering: .acquiring) }
    /// Sets it, from any thread and also more than once.
    public func cancel() { value.store(true, ordering: .releasing) }
}

/// Waiting work and the threads that take it, behind one pthread mutex and condition.
private final class WorkQueue: @unchecked Sendable {  // All state is touched under `mutex` only.
    private let name: String
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var work: [@Sendable () -> Void] = []
    private var head = 0
    private var idle = 0
    private var started = 0
    private var isClosed = false
    private let threads: Int
    private let limit: Int

    init(name: String, threads: Int, limit: Int) {
        self.name = name
        self.threads = threads
        self.limit = limit
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    var waiting: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return work.count - head
    }

    func add(_ body: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed, work.count - head < limit else { return false }
        work.append(body)
        if idle == 0, started < threads {
            started += 1
            startThread { [self] in
                atelier_name_thread(name)
                loop()
            }
        } else {
            pthread_cond_signal(condition)
        }
        return true
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    private func loop() {
        while true {
            pthread_mutex_lock(mutex)
            idle += 1
            while head == work.count, !isClosed { pthread_cond_wait(condition, mutex) }
            idle -= 1
            guard head < work.count else {
                pthread_mutex_unlock(mutex)
                return
            }
            let next = work[head]
            // What the work holds must not live on with its place in the queue.
            work[head] = {}
            head += 1
            if head == work.count {
                work.removeAll(keepingCapacity: true)
                head = 0
            } else if head > 256 {
                work.removeFirst(head)
                head = 0
            }
            pthread_mutex_unlock(mutex)
            next()
        }
    }
}

/// Starts a detached thread that runs `body` to its end.
public func startThread(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let result = pthread_create(
        &thread, nil,
        { context in
            // Balanced with `passRetained` above: the thread owns its body.
            guard let context else { return nil }
            Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    precondition(result == 0, "pthread_create failed")
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
