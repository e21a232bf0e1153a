import Events
import HTTP
import Jobs
import Music
import Postgres
import ServiceKit
import Speech
import Telemetry

/// The ml-worker: agents that write, speak, compose and lay out films.
let definition = ServiceDefinition(
    name: "ml-worker", purpose: "agents that write, speak and compose; providers and what they cost", port: 8083,
    schema: "ml",
    migrations: [Migration(id: "V0001_provider_calls", sql: PackageResources.V0001_provider_calls_sql)],
    configuration: MLConfiguration.self, usesJobs: true
) { settings, platform in
    let voices = EmbeddedSpeech(folder: settings.voiceFolder, espeak: settings.espeak, idle: settings.voiceIdle)
    if let fault = voices.naturalVoiceFault {
        platform.logger.info("no natural voice, espeak-ng speaks", ["reason": .string(fault.reason)])
    }
    let calls = MeteredCall(ledger: CallTable(postgres: platform.postgres), logger: platform.logger)
    let providers = Providers(settings, voices: voices, http: platform.http, calls: calls)
    let assets = StorageAssets(
        http: platform.http, tokens: platform.serviceTokens, baseURL: platform.peers.storage)
    let handlers = AgentHandlers.all([
        EchoAgent(), ScriptAgent(texts: providers.texts, speech: providers.speech, assets: assets),
        VoiceAgent(speech: providers.speech, assets: assets), VisualAgent(assets: assets),
        MusicAgent(synthesizer: Synthesizer(soundFont: settings.soundFont), assets: assets), TimelineAgent(),
        SubtitlesAgent(assets: assets),
    ])
    let desk = WorkDesk(
        worker: .mlWorker, kinds: Set(handlers.keys), postgres: platform.postgres, outbox: platform.outbox)
    let runner = JobRunner(store: desk.store, slots: settings.slots, handlers: handlers, logger: platform.logger)
    var routes = Router()
    GenerateRoutes(store: desk.store, postgres: platform.postgres, tokens: platform.tokens).add(to: &routes)
    return Assembly(routes: routes, subscriptions: desk.subscriptions, services: [runner])
}
