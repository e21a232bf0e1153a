internal import CSystem
internal import Glibc

/// A pipe through which content goes from one socket to another without being copied.
final class Pipe {
    let input: Int32
    let output: Int32
    /// How much of it is filled, in bytes.
    var filled = 0
    static let size = 256 * 1024

    init?() {
        var ends: [Int32] = [0, 0]
        guard atelier_net_pipe(&ends, Int32(Self.size)) == 0 else { return nil }
        output = ends[0]
        input = ends[1]
    }

    deinit {
        close(input)
        close(output)
    }
}
