import Foundation

/// The configuration file of one agent.
struct AgentFile {
    var name: String
    var port: Int
    /// Of the server's CA.
    var authorities: String
    var storage: String
    /// `nil` where the host program has the token.
    var tokenFile: String?
    /// Of an agent that polls; `nil` for WebSockets.
    var pollSeconds: Int?

    var text: String {
        """
        server:
          \(pollSeconds == nil ? "ws" : "http"):
            endpoint: \(pollSeconds == nil ? "wss" : "https")://127.0.0.1:\(port)/v1/opamp
            \(pollSeconds.map { "polling_interval: \($0)s" } ?? "heartbeat_interval: 30s")
            tls:
              ca_file: \(authorities)
        agent_description:
          identifying_attributes:
            service.name: \(name)
          non_identifying_attributes:
            os.type: linux
            host.name: \(name).bench.test
        storage:
          directory: \(storage)
        \(tokenFile.map { "bootstrap:\n  token_file: \($0)\n" } ?? "")
        """
    }
}
