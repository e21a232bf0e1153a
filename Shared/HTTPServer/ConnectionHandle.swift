internal import CMicrohttpd

/// A connection of libmicrohttpd. Valid from the request's first call to its completion; its owners forget it then.
struct ConnectionHandle: @unchecked Sendable {  // Resumed from any thread, which libmicrohttpd allows; else on its own.
    let pointer: OpaquePointer

    func suspend() { MHD_suspend_connection(pointer) }
    func resume() { MHD_resume_connection(pointer) }
}
