internal import Glibc

/// Ports for servers that tests start.
public enum FreePort {
    /// A TCP port on 127.0.0.1 that was free a moment ago; the kernel will not hand it out again soon.
    public static func next() -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return TCP.bind(descriptor, 0) ? TCP.port(of: descriptor) : 0
    }
}
