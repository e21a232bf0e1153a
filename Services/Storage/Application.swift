import Auth
import Events
import HTTP
import HTTPServer
import Lifecycle
import NetworkClient
import ObjectStore
import Outbox
import Postgres
import ServiceKit

/// The service storage: what it owns, what it answers, what it does by itself.
let definition = ServiceDefinition(
    name: "storage", purpose: "uploads, assets, renditions, downloads", port: 8089, schema: "storage",
    migrations: Idempotency.migrations + [
        Migration(id: "V0001_assets", sql: PackageResources.V0001_assets_sql),
        Migration(id: "V0002_shared_uploads", sql: PackageResources.V0002_shared_uploads_sql),
    ],
    configuration: StorageConfiguration.self, commands: ScanCommands.all
) { settings, platform in
    let context = try StorageContext(settings, platform)
    var assembly = Assembly(
        routes: context.routes(),
        subscriptions: [.on(AssetProbed.self) { try await context.assets.apply($0.payload, in: $1) }],
        services: Sweeper(context).parts(every: settings.sweepInterval) + [StorageGauges(context).part, context.look])
    assembly.degradations = { [Degradation(.objectStore, since: context.objects.awaySince)].compactMap { $0 } }
    // Whole files go through here: larger reads, and more patience with what is thrown away after an early answer.
    assembly.limits.connectionBuffer = 256 << 10
    assembly.limits.bufferedBytes = 2 << 20
    assembly.limits.discardBytes = 256 << 20
    return assembly
}

/// The parts of the service that its routes and its sweeper use.
struct StorageContext: Sendable {
    let platform: Platform
    let settings: StorageConfiguration
    let objects: any ObjectStore
    let staging: StagingArea
    let assets: AssetStore
    let renditions: RenditionStore
    let usage: UsageStore
    let intake: Intake
    let uploads: UploadDesk
    let uploadParts: UploadPartStore
    let links: MediaLinks

    init(_ settings: StorageConfiguration, _ platform: Platform) throws {
        self.platform = platform
        self.settings = settings
        staging = try StagingArea(folder: settings.folder + "/staging")
        objects = try Self.objects(settings, http: platform.http)
        let uploadStore = UploadStore(postgres: platform.postgres)
        uploadParts = UploadPartStore(postgres: platform.postgres)
        let content: any UploadContent =
            if let store = objects as? S3Store {
                PartedUploads(
                    place: PartedUploads.Place(parts: uploadParts, staging: staging, objects: store),
                    lease: UploadLease(leases: LeaseStore(postgres: platform.postgres)))
            } else {
                FileUploads(store: uploadStore, staging: staging, objects: objects)
            }
        let secret = settings.signingSecret
        links = MediaLinks(secret: secret.isEmpty ? platform.configuration.serviceSecret : secret)
        usage = UsageStore(postgres: platform.postgres, quota: settings.quota)
        assets = AssetStore(postgres: platform.postgres, outbox: platform.outbox, usage: usage)
        renditions = RenditionStore(postgres: platform.postgres, outbox: platform.outbox, usage: usage)
        intake = Intake(staging: staging, objects: objects, usage: usage, largest: settings.largestUpload)
        uploads = UploadDesk(
            store: uploadStore, content: content, staging: staging, assets: assets, usage: usage,
            largest: settings.largestUpload, lifetime: settings.uploadLifetime)
    }

    /// Where objects live.
    static func objects(_ settings: StorageConfiguration, http: HTTPClient) throws -> any ObjectStore {
        switch settings.backend {
        case .files: try FileSystemStore(root: settings.folder + "/objects")
        case .s3(let configuration): S3Store(configuration, client: http)
        }
    }

    /// Asks a store that failed whether it is back.
    var look: Periodic {
        Periodic("object store", every: .seconds(1), logger: platform.logger) { [objects] in
            await objects.look()
            return false
        }
    }

    /// Everything that is answered.
    func routes() -> Router {
        var routes = Router()
        routes.wrap(StorageFaults.middleware(logger: platform.logger))
        let people = platform.tokens.middleware
        routes.group(people) { routes in
            AssetRoutes(context: self).add(to: &routes)
            ContentRoutes(context: self).add(to: &routes)
        }
        TusRoutes(context: self).add(to: &routes)
        MediaRoutes(context: self).add(to: &routes)
        IntentRoutes(context: self).addUploads(to: &routes)
        routes.group(platform.serviceTokens.middleware) { routes in
            InternalRoutes(context: self).add(to: &routes)
            IntentRoutes(context: self).add(to: &routes)
        }
        return routes
    }
}
