import Auth
import FoundationEssentials
import HTTP
import NetworkClient
import Primitives

/// Tells whether assets are there, before a run is started that would find out late.
struct AssetDirectory: Sendable {
    /// Those of some assets that a workspace does not have.
    let missing: @Sendable (_ assets: [UUID], _ workspace: UUID) async throws -> [UUID]

    /// Asks the service storage. Where it does not answer, nothing is said to be missing: the run itself will tell.
    static func remote(_ base: String, http: HTTPClient, tokens: ServiceTokens) -> AssetDirectory {
        AssetDirectory { assets, workspace in
            try await withThrowingTaskGroup(of: UUID?.self) { group in
                var missing: [UUID] = []
                for (index, asset) in assets.enumerated() {
                    // At most eight at a time.
                    if index >= 8, let one = try await group.next(), let one { missing.append(one) }
                    group.addTask {
                        var request = HTTPClientRequest(
                            .GET, "\(base)/internal/v1/assets/\(asset.text)?workspaceId=\(workspace.text)",
                            timeout: .seconds(3))
                        request.headers.set("Authorization", tokens.authorization(for: "storage"))
                        guard let answer = try? await http.execute(request) else { return nil }
                        _ = try? await answer.data(upTo: 1 << 20)
                        return answer.status == .notFound ? asset : nil
                    }
                }
                for try await one in group { if let one { missing.append(one) } }
                return missing
            }
        }
    }
}
