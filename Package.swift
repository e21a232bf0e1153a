// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// A C library of the distribution: a module map and a shim header under `Shared/C<Name>`.
///
/// Without pkg-config: it hands over flags that SwiftPM warns about, and these headers are found without it.
func clib(_ name: String) -> Target { .systemLibrary(name: name, path: "Shared/\(name)") }

/// A C bridge with a plain header of its own, for libraries whose headers need GLib's include paths.
func bridge(_ name: String, _ includes: [String], _ libraries: [String]) -> Target {
    .target(
        name: name, path: "Shared/\(name)", publicHeadersPath: "include",
        cSettings: [.unsafeFlags(includes.map { "-I/usr/include/\($0)" })],
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

/// Where Debian keeps GLib's headers.
#if arch(arm64)
    let glib = ["glib-2.0", "../lib/aarch64-linux-gnu/glib-2.0/include"]
#else
    let glib = ["glib-2.0", "../lib/x86_64-linux-gnu/glib-2.0/include"]
#endif

/// A module of the shared runtime, with its unit tests in `Tests/<Name>Tests`.
func shared(_ name: String, _ dependencies: [String] = [], tests: [String]? = []) -> [Target] {
    let module = Target.target(
        name: name, dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Shared/\(name)",
        exclude: [], swiftSettings: settings)
    guard let tests else { return [module] }
    return [
        module,
        .testTarget(
            name: "\(name)Tests", dependencies: ([name, "TestKit"] + tests).map { .init(stringLiteral: $0) },
            path: "Tests/\(name)Tests", swiftSettings: settings),
    ]
}

/// A service of the fleet: target `<Name>Service`, executable `product`, SQL under `Schema/`, tests in `Tests/<Name>Tests`.
func service(
    _ name: String, _ product: String, _ dependencies: [String] = [], embed: [String] = ["Schema"]
) -> (product: Product, targets: [Target]) {
    (
        .executable(name: product, targets: ["\(name)Service"]),
        [
            .executableTarget(
                name: "\(name)Service", dependencies: (["ServiceKit"] + dependencies).map { .init(stringLiteral: $0) },
                path: "Services/\(name)", exclude: ["README.md"],
                resources: embed.map { .embedInCode($0) }, swiftSettings: settings),
            .testTarget(
                name: "\(name)ServiceTests",
                dependencies: (["\(name)Service", "ServiceTestKit", "TestKit"] + dependencies).map {
                    .init(stringLiteral: $0)
                },
                path: "Tests/\(name)ServiceTests", swiftSettings: settings),
        ]
    )
}

var targets: [Target] = [
    clib("CMicrohttpd"), clib("CCurl"), clib("CWslay"), clib("CPostgres"), clib("CKafka"), clib("CProtobuf"),
    clib("COpenSSL"), clib("CArgon2"), clib("CHiredis"), clib("CLibAV"), clib("CEbur128"), clib("CFluidSynth"),
    bridge("CVips", glib, ["vips", "gmodule-2.0", "gobject-2.0", "glib-2.0"]),
    bridge(
        "CPango", glib + ["pango-1.0", "cairo", "harfbuzz", "freetype2"],
        ["pangocairo-1.0", "pango-1.0", "cairo", "gobject-2.0", "glib-2.0"]),
    .target(name: "CEvents", dependencies: ["CProtobuf"], path: "Proto/generated", publicHeadersPath: "include"),
    .target(name: "CSystem", path: "Shared/CSystem", publicHeadersPath: "include"),
    .target(name: "CProfile", path: "Shared/CProfile", publicHeadersPath: "include"),
    // Loops over pixels and samples: optimised also in a debug build, or a test's film would take minutes.
    .target(
        name: "CMontage", path: "Shared/CMontage", publicHeadersPath: "include",
        cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])]),
    .target(
        name: "CSound", path: "Shared/CSound", publicHeadersPath: "include",
        cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])]),
    // Loads its library at run time: nothing to build against, nothing needed where no natural voice is wanted.
    .target(name: "CSherpa", path: "Shared/CSherpa", publicHeadersPath: "include"),
]

targets += [
    shared("Primitives"),
    shared("Execution", ["CSystem", "Primitives"]),
    shared("Telemetry", ["Primitives"]),
    shared("Configuration", ["Primitives"]),
    shared("Lifecycle", ["Execution", "Primitives", "Telemetry"]),
    shared("Crypto", ["CArgon2", "COpenSSL", "Primitives"], tests: ["Primitives"]),
    shared("HTTP", ["Primitives", "Telemetry"]),
    shared("HTTPServer", ["CMicrohttpd", "CSystem", "Execution", "HTTP", "Lifecycle", "Primitives", "Telemetry"]),
    shared(
        "NetworkClient", ["CCurl", "Crypto", "Execution", "HTTP", "Primitives", "Telemetry"],
        tests: ["HTTPServer", "Lifecycle"]),
    shared("WebSocket", ["CWslay", "Crypto", "HTTP", "Primitives"], tests: ["HTTPServer"]),
    shared(
        "Auth", ["Crypto", "HTTP", "Lifecycle", "Primitives", "Telemetry"], tests: ["Crypto", "HTTP", "Primitives"]),
    shared("Postgres", ["CPostgres", "Execution", "Lifecycle", "Primitives", "Telemetry"]),
    shared("Redis", ["CHiredis", "Execution", "NetworkClient"]),
    shared("Events", ["CEvents", "CProtobuf", "Primitives", "Telemetry"], tests: ["CEvents", "CProtobuf"]),
    shared(
        "Messaging", ["CKafka", "Configuration", "Execution", "Lifecycle", "Primitives", "Telemetry"],
        tests: ["CKafka", "Lifecycle", "Telemetry"]),
    shared(
        "Outbox", ["Configuration", "Events", "Lifecycle", "Messaging", "Postgres", "Primitives", "Telemetry"],
        tests: ["DeliveryCrasher", "Execution"]),
    shared("Jobs", ["Lifecycle", "Postgres", "Primitives", "Telemetry"]),
    shared(
        "Assets", ["Auth", "HTTP", "Jobs", "NetworkClient", "Primitives"],
        tests: ["Auth", "HTTP", "HTTPServer", "Jobs", "NetworkClient", "Primitives", "Telemetry"]),
    shared(
        "ObjectStore", ["CSystem", "Crypto", "Execution", "HTTP", "NetworkClient", "Primitives"],
        tests: ["Crypto", "HTTP", "HTTPServer", "NetworkClient", "Primitives", "Telemetry"]),
    shared("Images", ["CVips", "Execution", "Primitives"]),
    shared("AV", ["CEbur128", "CLibAV", "CSystem", "Execution", "Primitives"]),
    shared("Film", ["Primitives"]),
    shared("Titles", ["CPango", "Execution", "Primitives"]),
    shared(
        "Montage", ["AV", "CLibAV", "CMontage", "Execution", "Film", "Images", "Primitives", "Titles"],
        tests: ["AV", "CMontage", "Execution", "Film", "Titles"]),
    shared("Sound", ["CSound"]),
    shared("Speech", ["CSherpa", "Execution", "Primitives", "Sound"]),
    shared("Music", ["CFluidSynth", "Execution", "Primitives", "Sound"]),
    shared(
        "Profiling", ["CProfile"],
        tests: ["Execution", "HTTP", "HTTPServer", "Lifecycle", "Messaging", "NetworkClient", "ServiceKit"]),
    shared(
        "ServiceKit",
        [
            "Auth", "Configuration", "Crypto", "Events", "Execution", "HTTP", "HTTPServer", "Jobs", "Lifecycle",
            "Messaging", "NetworkClient", "Outbox", "Postgres", "Primitives", "Profiling", "Telemetry",
        ]),
].flatMap { $0 }

/// What every service is built from.
let runtime = [
    "Auth", "Configuration", "Crypto", "Events", "Execution", "HTTP", "HTTPServer", "Jobs", "Lifecycle", "Messaging",
    "NetworkClient", "Outbox", "Postgres", "Primitives", "Telemetry",
]

let fleet = [
    service("Gateway", "gateway", runtime + ["CSystem", "Redis"], embed: ["Site"]),
    service("User", "user", runtime, embed: ["Resources", "Schema"]),
    service("Project", "project", runtime, embed: ["Schema", "Workflows"]),
    service("Storage", "storage", runtime + ["ObjectStore"]),
    service("MediaWorker", "media-worker", runtime + ["AV", "Assets", "Film", "Images", "Montage"]),
    service("MLWorker", "ml-worker", runtime + ["Assets", "Film", "Music", "Sound", "Speech"]),
    service("Publisher", "publisher", runtime + ["Assets"]),
    service("Notifier", "notifier", runtime + ["WebSocket"]),
    service("Analytics", "analytics", runtime),
]

targets += fleet.flatMap(\.targets)
targets += [
    .target(
        name: "TestKit",
        dependencies: ["CKafka", "Execution", "Lifecycle"],
        path: "Tests/TestKit", swiftSettings: settings),
    // A whole service without sockets and Kafka, for its tests.
    .target(
        name: "ServiceTestKit", dependencies: (runtime + ["ServiceKit", "TestKit"]).map { .init(stringLiteral: $0) },
        path: "Tests/ServiceTestKit", swiftSettings: settings),
    // Renders a timeline from a file: for looking at films and for scripts/bench-render.
    .executableTarget(
        name: "RenderTool", dependencies: ["Film", "Montage", "Primitives"], path: "Tests/RenderTool",
        swiftSettings: settings),
    // A service that the tests of the outbox let die.
    .executableTarget(
        name: "DeliveryCrasher",
        dependencies: ["Events", "Lifecycle", "Messaging", "Outbox", "Postgres", "Primitives", "Telemetry"],
        path: "Tests/DeliveryCrasher", swiftSettings: settings),
    .executableTarget(
        name: "EventBench",
        dependencies: ["Events", "Lifecycle", "Messaging", "Outbox", "Postgres", "Primitives", "Telemetry"],
        path: "Tests/Benchmarks/Events", swiftSettings: settings),
    .executableTarget(
        name: "Sandbox",
        dependencies: [
            "Configuration", "Crypto", "Events", "Execution", "HTTP", "HTTPServer", "Lifecycle", "Primitives",
            "Telemetry", "TestKit",
        ],
        path: "Tests/Sandbox", exclude: ["README.md"], resources: [.embedInCode("Site")], swiftSettings: settings),
]

var products: [Product] =
    fleet.map(\.product)
    + [
        .executable(name: "sandbox", targets: ["Sandbox"]),
        .executable(name: "render-tool", targets: ["RenderTool"]),
        .executable(name: "event-bench", targets: ["EventBench"]),
    ]

// While working on one part: `ATELIER_ONLY=PostgresTests,JobsTests swift test` builds these targets and what they need.
if let only = Context.environment["ATELIER_ONLY"], !only.isEmpty {
    var wanted: Set<String> = []
    func want(_ name: String) {
        guard wanted.insert(name).inserted, let target = targets.first(where: { $0.name == name }) else { return }
        for dependency in target.dependencies {
            if case .byNameItem(let name, _) = dependency { want(name) }
        }
    }
    only.split(separator: ",").forEach { want(String($0)) }
    targets.removeAll { !wanted.contains($0.name) }
    products.removeAll { product in
        guard let executable = product as? Product.Executable else { return true }
        return !executable.targets.allSatisfy(wanted.contains)
    }
}

let package = Package(
    name: "atelier",
    products: products,
    targets: targets,
    swiftLanguageModes: [.v6]
)
