// swift-tools-version: 6.2
import PackageDescription

// Lowest layer first; a target imports only what stands above it here.
// The law behind the table is docs/architecture.md.

extension [SwiftSetting] {
    /// Every target of ours, without exception.
    static var house: Self {
        [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .strictMemorySafety(),
            .treatAllWarnings(as: .error),
        ]
    }
}

extension Target {
    static func swift(_ name: String, _ dependencies: [Dependency] = [], linked: [LinkerSetting] = []) -> Target {
        .target(name: name, dependencies: dependencies, swiftSettings: .house, linkerSettings: linked)
    }

    static func program(_ name: String, _ dependencies: [Dependency]) -> Target {
        .executableTarget(name: name, dependencies: dependencies, swiftSettings: .house)
    }

    /// The C library of this name on the system, as Swift sees it.
    static func system(_ name: String, pkgConfig: String? = nil, debian: String) -> Target {
        .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
    }

    static func tests(_ name: String, _ dependencies: [Dependency], excluding files: [String] = []) -> Target {
        .testTarget(name: name, dependencies: dependencies, exclude: files, swiftSettings: .house)
    }

    /// What several test targets share, and small programs that tests run.
    static func testSupport(_ name: String, at path: String, _ dependencies: [Dependency]) -> Target {
        .target(name: name, dependencies: dependencies, path: path, swiftSettings: .house)
    }

    static func testProgram(_ name: String, at path: String, _ dependencies: [Dependency]) -> Target {
        .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: .house)
    }
}

/// Its main function is libFuzzer's, so it is built by `make fuzz` only.
let fuzzing: [Target] =
    Context.environment["OPAMP_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "fuzz-parsers",
            dependencies: [
                "AgentCore", "AgentExtension", "Certificates", "ClientTransport", "HandoverToken", "OpAMPProto",
                "ServerAPI", "TestValues", "Vocabulary", "WireSamples",
            ],
            path: "Fuzz", exclude: ["README.md", "Seeds"], swiftSettings: .house)
    ]

let package = Package(
    name: "opamp-handover",
    products: [
        // With every module whose types stand in its interface, so that a host program can name them.
        .library(
            name: "AgentExtension",
            targets: [
                "AgentExtension", "AgentCore", "HandoverToken", "ClientTransport", "DurableFiles", "Certificates",
                "OpAMPProto", "Vocabulary",
            ])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // values
        .swift("Vocabulary"),

        // raw C
        .target(name: "COpAMPMessages", exclude: ["proto"], linkerSettings: [.linkedLibrary("protobuf-c")]),
        .system("COpenSSL", pkgConfig: "openssl", debian: "libssl-dev"),
        .system("CWebSockets", pkgConfig: "libwebsockets", debian: "libwebsockets-dev"),
        .system("CYAML", pkgConfig: "yaml-0.1", debian: "libyaml-dev"),
        .system("CHTTPParser", debian: "libhttp-parser-dev"),
        .system("CZlib", pkgConfig: "zlib", debian: "zlib1g-dev"),
        .systemLibrary(name: "CGlibc"),
        .systemLibrary(name: "CEpoll"),

        // wrappers
        .swift("OpAMPProto", ["Vocabulary", "COpAMPMessages"]),
        .swift("Certificates", ["Vocabulary", "COpenSSL"]),
        .swift("HostSystem", ["Vocabulary", "CGlibc"]),
        .swift("DurableFiles", ["Vocabulary", "Certificates", "HostSystem", "CGlibc"]),
        .swift(
            "ClientTransport",
            [
                "Vocabulary", "Certificates", "HostSystem", "COpenSSL", "CWebSockets", "CHTTPParser", "CZlib", "CEpoll",
            ]),

        .swift(
            "ServerTransport", ["Vocabulary", "Certificates", "HostSystem", "ServerAPI"] + .listenerStack),

        // token
        .swift("HandoverToken", ["Vocabulary", "Certificates"]),

        // cores
        .swift("AgentCore", ["Vocabulary", "OpAMPProto", "Certificates", "HandoverToken"]),
        .swift("ServerCore", ["Vocabulary", "OpAMPProto", "Certificates", "HandoverToken"]),
        .swift("ServerAPI", ["Vocabulary"]),

        // storage
        .swift(
            "ServerStorage",
            [
                "Vocabulary", "OpAMPProto", "Certificates", "HandoverToken", "DurableFiles", "ServerCore", .database,
            ]),

        // a server's interface from outside
        .swift("OperatorClient", ["Vocabulary", "ServerAPI", "Certificates"] + .httpClient),

        // shells
        .swift(
            "AgentExtension",
            [
                "Vocabulary", "OpAMPProto", "Certificates", "HandoverToken", "DurableFiles", "ClientTransport",
                "AgentCore",
                "HostSystem", "CYAML",
            ]),
        .swift(
            "MiniServer",
            [
                "Vocabulary", "OpAMPProto", "Certificates", "DurableFiles", "HostSystem", "HandoverToken",
                "ServerTransport", "ServerCore", "ServerAPI", "ServerStorage",
            ] + .serverStack),
        .swift("Recorder", ["Vocabulary", "OpAMPProto", "Certificates"] + .recorderStack),
        .swift(
            "Drill",
            [
                "Vocabulary", "ServerAPI", "OperatorClient", "Certificates", "HostSystem", "Recorder",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),

        // programs
        .program("opamp-agent", ["AgentExtension", "AgentCore", "OpAMPProto", "HostSystem", "Vocabulary"]),
        .program(
            "mini-server",
            [
                "MiniServer", "ServerAPI", "OperatorClient", "DurableFiles", "Vocabulary", .argumentParser,
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        .program(
            "handover-drill",
            [
                "Drill", "Recorder", "OpAMPProto", "Vocabulary", .argumentParser,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),

        // tests
        .tests("VocabularyTests", ["Vocabulary"]),
        .testSupport("WireSamples", at: "Tests/WireSamples", ["OpAMPProto"]),
        .tests("OpAMPProtoTests", ["OpAMPProto", "Vocabulary", "WireSamples"]),
        .testSupport("TestValues", at: "Tests/TestSupport/TestValues", ["Vocabulary"]),
        .testSupport(
            "TestPKI", at: "Tests/TestSupport/TestPKI", ["Certificates", "HostSystem", "Vocabulary", "TestValues"]),
        .tests("CertificatesTests", ["Certificates", "Vocabulary", "TestPKI", "TestValues"]),
        .tests("HostSystemTests", ["HostSystem", "TestValues"]),
        .testProgram("crash-writer", at: "Tests/Tools/CrashWriter", ["DurableFiles", "Vocabulary"]),
        .tests("DurableFilesTests", ["DurableFiles", "HostSystem", "Vocabulary", "TestValues", "crash-writer"]),
        .testSupport(
            "ScriptedServer", at: "Tests/TestSupport/ScriptedServer",
            ["Certificates", "Vocabulary", "TestPKI"] + .serverStack),
        .tests(
            "ClientTransportTests",
            ["ClientTransport", "Certificates", "HostSystem", "Vocabulary", "ScriptedServer", "TestPKI"]
                + .serverStack),
        .tests("HandoverTokenTests", ["HandoverToken", "Certificates", "Vocabulary", "TestPKI", "TestValues"]),
        .tests(
            "AgentCoreTests",
            ["AgentCore", "HandoverToken", "Certificates", "OpAMPProto", "Vocabulary", "TestPKI", "TestValues"]),
        .tests(
            "ServerCoreTests",
            [
                "ServerCore", "HandoverToken", "Certificates", "OpAMPProto", "Vocabulary", "TestPKI", "TestValues",
                "WireSamples",
            ]),
        .tests(
            "SimulationTests",
            [
                "AgentCore", "ServerCore", "HandoverToken", "Certificates", "OpAMPProto", "Vocabulary", "TestPKI",
                "TestValues",
            ]),
        .tests("ServerAPITests", ["ServerAPI", "Vocabulary", "TestValues"]),
        .testProgram(
            "storage-writer", at: "Tests/Tools/StorageWriter", ["ServerStorage", "ServerCore", "Vocabulary"]),
        .tests(
            "ServerStorageTests",
            [
                "ServerStorage", "ServerCore", "HandoverToken", "Certificates", "HostSystem", "OpAMPProto",
                "Vocabulary", "TestPKI", "TestValues", "storage-writer", .database,
            ], excluding: ["Fixtures"]),
        .testSupport(
            "ScriptedOpAMPServer", at: "Tests/TestSupport/ScriptedOpAMPServer",
            [
                "ScriptedServer", "OpAMPProto", "HandoverToken", "Certificates", "HostSystem", "Vocabulary", "TestPKI",
                "TestValues",
            ]),
        .tests(
            "AgentExtensionTests",
            [
                "AgentExtension", "AgentCore", "OpAMPProto", "HandoverToken", "Certificates", "DurableFiles",
                "HostSystem",
                "Vocabulary", "ScriptedOpAMPServer", "ScriptedServer", "TestPKI", "TestValues", "opamp-agent",
            ]),
        .tests("CrashTests", ["ScriptedOpAMPServer", "Certificates", "OpAMPProto", "Vocabulary", "opamp-agent"]),
        .tests(
            "MiniServerTests",
            [
                "MiniServer", "ServerTransport", "ServerCore", "ServerAPI", "ServerStorage", "HandoverToken",
                "Certificates", "HostSystem", "OpAMPProto", "Vocabulary", "ScriptedServer", "TestPKI", "TestValues",
                "WireSamples", .database,
            ] + .serverStack),
        .tests(
            "DrillTests",
            [
                "Drill", "Recorder", "OpAMPProto", "ServerAPI", "OperatorClient", "Certificates", "HostSystem",
                "Vocabulary", "TestPKI", "TestValues", "WireSamples", "mini-server", "opamp-agent", "handover-drill",
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .tests(
            "OperatorTests",
            [
                "ServerAPI", "Vocabulary", "Certificates", "HostSystem", "TestPKI", "TestValues", "mini-server",
                "opamp-agent",
            ]),
        .tests("ArchitectureTests", ["ServerTransport", "Vocabulary"]),

        // benchmarks
        .testSupport("BareClient", at: "Benchmarks/BareClient", ["CEpoll", "COpenSSL"]),
        .testProgram("bare-server", at: "Benchmarks/BareServer", [.argumentParser, .database] + .serverStack),
        .testProgram("bare-session", at: "Benchmarks/BareSession", ["CWebSockets"]),
        .testProgram(
            "hosted-agent", at: "Benchmarks/HostedAgent",
            ["AgentExtension", "AgentCore", "OpAMPProto", "HostSystem", "Vocabulary"]),
        .testProgram(
            "handover-bench", at: "Benchmarks/HandoverBench",
            [
                "BareClient", "Drill", "AgentExtension", "AgentCore", "ServerAPI", "OperatorClient", "Certificates",
                "DurableFiles", "HandoverToken", "HostSystem", "OpAMPProto", "Vocabulary", "TestPKI", "TestValues",
                "ScriptedOpAMPServer", "bare-server",
                .argumentParser, .database,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),

        // foreign peers
        .testProgram(
            "interop-tool", at: "Interop/Tools/InteropTool",
            ["Vocabulary", "OpAMPProto", "Certificates", "HandoverToken", "WireSamples"]),
    ] + fuzzing
)

extension Target.Dependency {
    static var database: Self { .product(name: "GRDB", package: "GRDB.swift") }
    static var argumentParser: Self { .product(name: "ArgumentParser", package: "swift-argument-parser") }
}

extension [Target.Dependency] {
    /// What it takes to call a server.
    static var httpClient: Self {
        [
            .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
        ]
    }

    /// What it takes to stand between two that call each other.
    static var recorderStack: Self {
        httpClient + [
            .product(name: "NIOEmbedded", package: "swift-nio"),
            .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOWebSocket", package: "swift-nio"),
        ]
    }

    /// What the server, and the servers that tests script, stand on.
    static var serverStack: Self {
        httpClient + listenerStack + [
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOTLS", package: "swift-nio"),
            .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        ]
    }

    /// What it takes to be called.
    static var listenerStack: Self {
        [
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
            .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "NIOWebSocket", package: "swift-nio"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        ]
    }
}
