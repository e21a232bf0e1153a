import FoundationEssentials
import Glibc
import Jobs
import Primitives

/// A folder for each job, removed when the job ends however it ends.
struct WorkFolders: Sendable {
    let root: String

    /// Makes the folder of all, and removes what an ended process left in it.
    func prepare() throws {
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for name in try FileManager.default.contentsOfDirectory(atPath: root) {
            guard let owner = name.split(separator: "-").first.flatMap({ pid_t($0) }) else { continue }
            // Signal 0 only asks whether the process is there.
            if owner == getpid() || (kill(owner, 0) != 0 && errno == ESRCH) {
                try? FileManager.default.removeItem(atPath: root + "/" + name)
            }
        }
    }

    /// Lends a new folder.
    func with<T: Sendable>(_ job: Job, _ body: (String) async throws -> T) async throws -> T {
        let folder = root + "/\(getpid())-\(job.id.text)-\(job.fence)"
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw JobFailure("no_space", "There is no room to work in.", retriable: true)
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }
}
