/// What an agent could be configured to run.
public struct AvailableComponents: Hashable, Sendable {
    /// By identifier; left out unless the server asked for it.
    public var components: [String: ComponentDetails]
    public var hash: [UInt8]

    public init(components: [String: ComponentDetails] = [:], hash: [UInt8] = []) {
        self.components = components
        self.hash = hash
    }
}

/// One component that is there to be used.
public struct ComponentDetails: Hashable, Sendable {
    public var metadata: [KeyValue]
    public var subComponentMap: [String: ComponentDetails]

    public init(metadata: [KeyValue] = [], subComponentMap: [String: ComponentDetails] = [:]) {
        self.metadata = metadata
        self.subComponentMap = subComponentMap
    }
}
