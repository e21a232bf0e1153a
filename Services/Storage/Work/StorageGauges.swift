import FoundationEssentials
import Lifecycle
import ObjectStore
import ServiceKit
import Telemetry

/// Tells now and then what is stored, what is being uploaded, and how much room is left (STO-021).
struct StorageGauges: Sendable {
    private let context: StorageContext

    init(_ context: StorageContext) { self.context = context }

    var part: Periodic {
        Periodic("storage gauges", every: .seconds(15), logger: context.platform.logger) {
            try await measure()
            return false
        }
    }

    /// Every replica measures the same tables; the file system is that of the folder it has.
    func measure() async throws {
        let metrics = context.platform.metrics
        metrics.gauge(
            "storage_usage_bytes", "Bytes of assets and renditions of all workspaces.", [:],
            Double(try await context.usage.total()))
        metrics.gauge(
            "storage_quota_used_ratio", "Share of its quota that the fullest workspace has used.", [:],
            try await context.usage.fullest())
        let uploads = try await context.uploads.underWay()
        metrics.gauge("storage_uploads_open", "Uploads (tus) that are under way.", [:], Double(uploads.count))
        metrics.gauge(
            "storage_uploads_open_bytes", "Bytes that the uploads under way have announced.", [:],
            Double(uploads.bytes))
        guard let disk = try? await context.staging.space(), disk.size > 0 else { return }
        let help = "The file system of OBJECT_FOLDER: objects and uploads, with S3 bytes on their way."
        metrics.gauge("storage_disk_size_bytes", help, [:], Double(disk.size))
        metrics.gauge("storage_disk_free_bytes", help, [:], Double(disk.free))
    }
}
