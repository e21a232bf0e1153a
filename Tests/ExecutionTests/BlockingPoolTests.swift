import Execution
import Foundation
import Testing

@Suite struct BlockingPoolTests {
    @Test func threadsBearThePoolsName() async throws {
        let pool = BlockingPool(name: "postgres-connect", threads: 1)
        let name = try await pool.run { try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8) }
        #expect(name == "postgres-connec\n", "Linux keeps 15 bytes")
    }
}
