internal import FoundationEssentials
internal import HTTP
internal import NetworkClient
internal import Telemetry

/// The word `health`: asks the process that already runs on this machine whether it is ready.
///
/// For a container that holds no other program that could ask.
public enum HealthWord {
    /// Prints the answer of the private listener, or why there is none.
    /// - Parameters:
    ///   - host: the address that the process listens on; that of every interface is asked on the loopback.
    ///   - port: the private listener's.
    /// - Returns: the exit code: 0 for ready, 1 for anything else.
    public static func ask(name: String, host: String, port: Int) async -> Int32 {
        let request = HTTPClientRequest(.GET, base(host: host, port: port) + "/health/ready", timeout: .seconds(4))
        do {
            let answer = try await HTTPClient(name: name).execute(request)
            print(String(decoding: try await answer.data(upTo: 64 << 10), as: UTF8.self))
            return answer.status == .ok ? 0 : 1
        } catch {
            StandardError.write("\(name): \(error)")
            return 1
        }
    }

    /// Where the private listener of this machine's process is asked.
    static func base(host: String, port: Int) -> String {
        var address = ["0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"][host] ?? host
        if address.contains(":") { address = "[\(address)]" }
        return "http://\(address):\(port)"
    }
}
