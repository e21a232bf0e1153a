internal import Glibc
internal import Lifecycle
internal import Primitives
internal import Synchronization

/// The public listener with its loops, as a part of the process.
final class DoorServer: Service {
    let name = "door"
    let door: Door
    let workers: [Worker]
    private let host: String
    private let port: Int
    private let stopLimit: Duration
    private let bound = Atomic<Int>(0)
    private let listening = AsyncTrigger()
    private let ended = AsyncTrigger()
    private let acceptor = Mutex<LoopBox<Acceptor>?>(nil)

    /// - Parameters:
    ///   - loops: how many event loops; 0 for one per core.
    ///   - stopLimit: how long requests in hand may take to end.
    init(door: Door, host: String, port: Int, loops: Int, stopLimit: Duration) {
        self.door = door
        self.host = host
        self.port = port
        self.stopLimit = stopLimit
        let count = loops > 0 ? loops : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        workers = (0..<count).map { _ in Worker(door: door) }
    }

    /// The port that is listened on; 0 before ``start()``.
    var boundPort: Int { bound.load(ordering: .acquiring) }

    /// Opens the listener and starts the loops.
    func start() throws {
        signal(SIGPIPE, SIG_IGN)
        guard let address = SocketAddress.resolve(host: host, port: port, passive: true).first else {
            throw ListenFailure(address: "\(host):\(port)", reason: "the name is not known")
        }
        let (descriptor, port) = try Socket.listen(address, named: "\(host):\(self.port)")
        bound.store(port, ordering: .releasing)
        let workers = workers
        let first = workers[0]
        for worker in workers { worker.start() }
        first.loop.submit { [self] in
            let acceptor = Acceptor(listener: descriptor, workers: workers)
            self.acceptor.withLock { $0 = LoopBox(acceptor) }
            first.loop.add(acceptor, levelTriggered: true)
        }
        listening.fire()
    }

    func run() async throws {
        try start()
        await ended.wait()
    }

    func ready() async throws { await listening.wait() }

    func stop() async {
        // Where the port was taken, the loops do not run: nobody would take the work, and nothing is to be drained.
        guard boundPort > 0 else { return ended.fire() }
        let first = workers[0]
        let box = acceptor.withLock { $0 }
        let drained = AsyncTrigger()
        let countdown = Countdown(workers.count) { drained.fire() }
        first.loop.submit { [workers] in
            // What waits in the listener's queue was promised an answer.
            box?.value?.accept(limit: 4096)
            box?.value?.shut(first.loop)
            for worker in workers { worker.loop.submit { worker.drain { countdown.down() } } }
        }
        let limit = stopLimit
        let workers = workers
        let cutter = Task {
            try await Task.sleep(for: limit)
            for worker in workers { worker.loop.submit { worker.cut() } }
        }
        await drained.wait()
        cutter.cancel()
        door.log.flush()
        ended.fire()
    }
}

/// Calls a function when it was counted down to 0.
private final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let done: @Sendable () -> Void

    init(_ count: Int, _ done: @escaping @Sendable () -> Void) {
        left = Atomic(count)
        self.done = done
    }

    func down() { if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { done() } }
}
