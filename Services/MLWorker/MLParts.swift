import Auth
import Events
import HTTP
import Jobs
import Music
import NetworkClient
import Outbox
import Postgres
import ServiceKit
import Speech
import Telemetry

/// The service put together.
struct MLParts: Sendable {
    static let migrations = [Migration(id: "V0001_provider_calls", sql: PackageResources.V0001_provider_calls_sql)]

    let desk: WorkDesk
    let runner: JobRunner
    let routes: Router

    init(
        settings: MLConfiguration, postgres: PostgresClient, outbox: Outbox, http: HTTPClient, tokens: TokenVerifier,
        assets: any AssetStore, logger: Logger
    ) {
        let voices = EmbeddedSpeech(
            folder: settings.voiceFolder, espeak: settings.espeak, idle: settings.voiceIdle
        ) { fault in
            logger.warning("the natural voice cannot be loaded, espeak-ng speaks", ["reason": .string(fault.reason)])
        }
        if let fault = voices.naturalVoiceFault {
            logger.info("no natural voice, espeak-ng speaks", ["reason": .string(fault.reason)])
        }
        let calls = MeteredCall(ledger: CallTable(postgres: postgres), logger: logger)
        let providers = Providers(settings, voices: voices, http: http, calls: calls)
        let handlers = AgentHandlers.all([
            ScriptAgent(texts: providers.texts, speech: providers.speech, assets: assets),
            VoiceAgent(speech: providers.speech, assets: assets), VisualAgent(assets: assets),
            MusicAgent(synthesizer: Synthesizer(soundFont: settings.soundFont), assets: assets), TimelineAgent(),
            SubtitlesAgent(assets: assets),
        ])
        desk = WorkDesk(
            worker: .mlWorker, kinds: Set(handlers.keys), postgres: postgres, outbox: outbox,
            instant: [Echo.kind: Echo.answer])
        runner = JobRunner(store: desk.store, slots: settings.slots, handlers: handlers, logger: logger)
        var routes = Router()
        GenerateRoutes(store: desk.store, postgres: postgres, tokens: tokens).add(to: &routes)
        self.routes = routes
    }
}
