import Certificates
public import OpAMPProto

extension AvailableComponents {
    /// With a hash over what a server would get.
    ///
    /// - Throws: when they do not fit into a message.
    public init(_ components: [String: ComponentDetails]) throws(WireFailure) {
        let bytes = try AgentToServer(availableComponents: AvailableComponents(components: components)).encoded()
        self.init(components: components, hash: Digest.sha256(bytes))
    }
}
