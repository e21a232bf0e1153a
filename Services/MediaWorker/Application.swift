import AV
import Assets
import Configuration
import Events
import Images
import Jobs
import Outbox
import Postgres
import ServiceKit

/// The service: how it is put together.
let definition = ServiceDefinition(
    name: "media-worker", purpose: "probes, thumbnails, streams, edits and renders media", port: 8084, schema: "media",
    migrations: [Migration(id: "V0001_probe", sql: PackageResources.V0001_probe_sql)],
    configuration: MediaConfiguration.self, usesJobs: true
) { settings, platform in
    let desk = WorkDesk(
        worker: .mediaWorker, kinds: Set(WorkKind.allCases.map(\.rawValue)), postgres: platform.postgres,
        outbox: platform.outbox)
    let storage = AssetClient(
        http: platform.http, baseURL: platform.peers.storage, tokens: platform.serviceTokens)
    var limits = DecodeLimits()
    limits.media.maxDurationMs = settings.maxDurationMs
    limits.images.maxPixels = settings.maxImagePixels
    let folders = WorkFolders(root: settings.workFolder + "/media-worker")
    try folders.prepare()
    let work = MediaWork(
        storage: storage,
        sandbox: DecodeSandbox(
            limits: limits, threads: settings.encoderThreads, children: settings.quickSlots + settings.longSlots),
        folders: folders, postgres: platform.postgres, outbox: platform.outbox, inputLimit: settings.inputLimit,
        filmLimit: settings.filmLimit)
    let routes = MediaRoutes(
        tokens: platform.tokens, postgres: platform.postgres, store: desk.store, storage: storage)
    return Assembly(
        routes: routes.router,
        subscriptions: desk.subscriptions + [
            AssetCreatedConsumer.subscription(desk.store), AssetDeletedConsumer.subscription(desk.store),
        ],
        services: [
            RenderQueue(postgres: platform.postgres, metrics: platform.metrics).part(logger: platform.logger),
            JobRunner(
                store: desk.store, slots: settings.quickSlots, handlers: work.quick, logger: platform.logger,
                name: "quick jobs"),
            JobRunner(
                store: desk.store, slots: settings.longSlots, handlers: work.long, logger: platform.logger,
                name: "long jobs"),
        ])
}
