import ServerCore
package import Vocabulary

/// What an operator decides before the server starts.
package struct ServerConfiguration: Sendable {
    /// Holds `server.sqlite` and `master.key`; made at the first start, 0700.
    package var dataDirectory: String
    package var name: String
    /// An IP address or host name to bind, and nothing else is bound.
    package var host: String
    /// 0 lets the kernel choose.
    package var port: Int
    /// What agents and peers dial, when it is not `host` and the port that was bound: `wss` or `https`, and no path but
    /// the server's own.
    package var publicEndpoint: Endpoint?
    /// More DNS names and IP addresses in the listener certificate, beside those that agents and clients on this machine
    /// dial.
    package var listenerNames: [String]
    /// PEM files of a listener certificate that somebody else looks after.
    package var listenerFiles: (certificate: String, key: String)?
    /// Where the first start writes the admin token (0600), beside showing it once.
    package var adminTokenFile: String?
    /// How long an agent whose token was redeemed here is waited for; 24 hours when absent.
    package var arrivalDeadline: Duration?
    /// After how long an agent that is back from a move has given it up; a minute when absent.
    package var verificationTime: Duration?

    /// WebSocket messages of clients older than OpAMP's message header, which leave it out, are read too.
    package var acceptsHeaderlessMessages: Bool
    /// In bytes: an agent's description beyond it is refused; 64 KiB when absent.
    package var longestDescription: Int?
    /// In bytes: any other part of what an agent reports is left out beyond it; 1 MiB when absent.
    package var longestReportPart: Int?

    /// What the two may be.
    package static var reportSizes: ClosedRange<Int> { ReportLimits.range }

    package init(
        dataDirectory: String,
        name: String,
        host: String = "127.0.0.1",
        port: Int = 4320,
        publicEndpoint: Endpoint? = nil,
        listenerNames: [String] = [],
        listenerFiles: (certificate: String, key: String)? = nil,
        adminTokenFile: String? = nil,
        arrivalDeadline: Duration? = nil,
        verificationTime: Duration? = nil,
        acceptsHeaderlessMessages: Bool = false,
        longestDescription: Int? = nil,
        longestReportPart: Int? = nil
    ) {
        self.dataDirectory = dataDirectory
        self.name = name
        self.host = host
        self.port = port
        self.publicEndpoint = publicEndpoint
        self.listenerNames = listenerNames
        self.listenerFiles = listenerFiles
        self.adminTokenFile = adminTokenFile
        self.arrivalDeadline = arrivalDeadline
        self.verificationTime = verificationTime
        self.acceptsHeaderlessMessages = acceptsHeaderlessMessages
        self.longestDescription = longestDescription
        self.longestReportPart = longestReportPart
    }
}
