import Auth
import FoundationEssentials
import HTTP
import NetworkClient
import Primitives

/// Tells whether what a run's input names is there, before a run is started that would find out late.
struct ResourceDirectory: Sendable {
    /// Those of some resources that a workspace does not have.
    let missing: @Sendable (_ ids: [UUID], _ workspace: UUID) async throws -> [UUID]

    /// Asks the service that has them. Where it does not answer, nothing is said to be missing: the run itself will tell.
    /// - Parameters:
    ///   - url: where they are, as in `http://storage:8089/internal/v1/assets`.
    ///   - service: the service's name.
    static func remote(_ url: String, of service: String, http: HTTPClient, tokens: ServiceTokens) -> ResourceDirectory
    {
        ResourceDirectory { ids, workspace in
            await withTaskGroup(of: UUID?.self) { group in
                var missing: [UUID] = []
                for (index, id) in ids.enumerated() {
                    // At most eight at a time.
                    if index >= 8, let one = await group.next(), let one { missing.append(one) }
                    group.addTask {
                        var request = HTTPClientRequest(
                            .GET, "\(url)/\(id.text)?workspaceId=\(workspace.text)", timeout: .seconds(3))
                        request.headers.set("Authorization", tokens.authorization(for: service))
                        guard let answer = try? await http.execute(request) else { return nil }
                        _ = try? await answer.data(upTo: 1 << 20)
                        return answer.status == .notFound ? id : nil
                    }
                }
                for await one in group { if let one { missing.append(one) } }
                return missing
            }
        }
    }
}
