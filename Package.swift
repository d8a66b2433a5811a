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

    static func tests(_ name: String, _ dependencies: [Dependency]) -> Target {
        .testTarget(name: name, dependencies: dependencies, swiftSettings: .house)
    }
}

let package = Package(
    name: "opamp-handover",
    products: [],
    dependencies: [],
    targets: [
        // values
        .swift("Vocabulary"),

        // tests
        .tests("VocabularyTests", ["Vocabulary"]),
    ]
)
