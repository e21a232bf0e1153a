import Configuration

@testable import GatewayService

/// Reads the gateway's settings from variables.
struct ConfigurationReaderForTests {
    private var reader: ConfigurationReader
    init(_ variables: [String: String]) { reader = ConfigurationReader(environment: variables) }
    mutating func read() -> GatewayConfiguration { GatewayConfiguration(&reader) }
}
