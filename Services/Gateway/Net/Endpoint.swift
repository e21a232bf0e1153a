internal import CSystem
internal import Glibc

/// A socket that an event loop watches. Belongs to its loop's thread.
class Endpoint {
    let descriptor: Int32
    /// What the loop knows it by; `nil` where it is not watched.
    var key: UInt64?
    /// Whether the next read may give something; cleared when one gave less than was asked for.
    var isReadable = false
    /// Whether the next write may take something.
    var isWritable = false
    /// Whether the peer said that it sends no more.
    var peerClosed = false
    private(set) var isOpen = true

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Something changed: `events` are epoll's.
    func handle(_ events: UInt32) {}

    /// Called a few times a second, for deadlines.
    func sweep(now: UInt64) {}

    /// Called when the loop has time again, after ``EventLoop/again(_:)``.
    func resume() {}

    /// Takes epoll's events into the flags above.
    /// - Returns: whether the connection is lost.
    final func note(_ events: UInt32) -> Bool {
        if events & UInt32(ATELIER_READABLE) != 0 { isReadable = true }
        if events & UInt32(ATELIER_WRITABLE) != 0 { isWritable = true }
        if events & (UInt32(ATELIER_PEER_CLOSED) | UInt32(ATELIER_HUNG_UP)) != 0 {
            isReadable = true
            peerClosed = true
        }
        return events & UInt32(ATELIER_FAILED) != 0
    }

    /// Reads; keeps ``isReadable`` true to what the socket has. After ``shut(_:)`` this is the end: the descriptor's number
    /// may belong to another connection by then.
    final func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        guard isOpen else { return .ended }
        let result = Socket.read(descriptor, into: buffer)
        switch result {
        // Less than asked for: nothing is left, and an edge will tell of more; but the end has no further edge.
        case .moved(let count): if count < buffer.count, !peerClosed { isReadable = false }
        case .blocked, .ended, .failed: isReadable = false
        }
        return result
    }

    /// Writes; keeps ``isWritable`` true to what the socket takes. After ``shut(_:)`` nothing is taken.
    final func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        guard isOpen else { return .ended }
        let result = Socket.write(descriptor, bytes)
        switch result {
        case .moved(let count): if count < bytes.count { isWritable = false }
        case .blocked, .ended, .failed: isWritable = false
        }
        return result
    }

    /// Moves what the socket has into a pipe.
    final func splice(into pipe: Pipe, atMost count: Int) -> Transfer {
        guard isOpen else { return .ended }
        let result = Socket.splice(from: descriptor, to: pipe.input, min(count, Pipe.size - pipe.filled))
        switch result {
        case .moved(let count): pipe.filled += count
        // A pipe can be full of small pieces; only an empty one says that the socket has nothing.
        case .blocked: if pipe.filled == 0 { isReadable = false }
        case .ended, .failed: break
        }
        return result
    }

    /// Moves what a pipe has into the socket.
    final func splice(from pipe: Pipe) -> Transfer {
        guard isOpen else { return .ended }
        let result = Socket.splice(from: pipe.output, to: descriptor, pipe.filled)
        switch result {
        case .moved(let count): pipe.filled -= count
        case .blocked, .ended, .failed: isWritable = false
        }
        return result
    }

    /// Closes the socket; the loop forgets it, and nothing more is read or written.
    final func shut(_ loop: EventLoop) {
        guard isOpen else { return }
        isOpen = false
        isReadable = false
        isWritable = false
        loop.forget(self)
        close(descriptor)
    }
}
