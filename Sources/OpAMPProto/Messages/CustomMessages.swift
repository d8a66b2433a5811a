/// The custom messages a side understands, each as a reverse domain name.
public struct CustomCapabilities: Hashable, Sendable {
    public var capabilities: [String]

    public init(capabilities: [String] = []) {
        self.capabilities = capabilities
    }
}

/// A message whose meaning belongs to a custom capability.
public struct CustomMessage: Hashable, Sendable {
    public var capability: String
    public var type: String
    public var data: [UInt8]

    public init(capability: String = "", type: String = "", data: [UInt8] = []) {
        self.capability = capability
        self.type = type
        self.data = data
    }
}
