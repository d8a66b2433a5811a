import Vocabulary

/// How a connection ended.
enum LinkEnd {
    case failed(DialFailure)
    /// Its user asked for it.
    case abandoned
    /// The other side, or the network; the evidence tells more.
    case closedByItself
}

/// What travels over a link.
protocol LinkUser: AnyObject {
    func linkOpened(_ facts: TLSFacts?)
    func linkReceived(_ piece: ReceivedPiece) -> Bool
    func linkMayWrite(_ wsi: OpaquePointer) -> Bool
    func linkHeard()
    func linkPeerCloses(_ payload: [UInt8])
    func linkEnded(_ end: LinkEnd)
}

/// What TLS settled with a server.
public struct TLSFacts: Hashable, Sendable {
    /// DER, leaf first.
    public let peerChain: [[UInt8]]
    /// As OpenSSL writes it: `TLSv1.3`.
    public let version: String
}

/// A piece of a message.
struct ReceivedPiece {
    let bytes: [UInt8]
    var isFirst = true
    var isLast = true
    var isText = false
    /// What is still to come of the same frame.
    var remainingInFrame = 0
}
