import Certificates
import Foundation
import GRDB
import HandoverToken
import ServerCore
import Vocabulary

/// A peer as it is stored; secrets are digests or sealed before they come here.
struct StoredPeer: StoredForm {
    var name: String
    var peerID: PeerID
    var endpoint: String
    var opampEndpoint: String?
    var pinPEM: String
    var previousPinPEM: String?
    var previousPinUntil: Timestamp?
    var serverCAsPEM: String
    var agentCAsPEM: String
    var tokenSignersPEM: String
    var trustVersion: Int64
    var inboundDigest: Data?
    var previousInboundDigest: Data?
    var previousInboundUntil: Timestamp?
    var outboundSealed: Data?
    var outboundDigest: Data?
    var enabled: Bool
    var lastContact: Timestamp?
    var lastError: String?
    var acceptedCertificate: Fingerprint?

    init(_ peer: PeerRecord) {
        name = peer.name
        peerID = peer.id
        endpoint = peer.endpoint.description
        opampEndpoint = peer.opampEndpoint?.description
        pinPEM = peer.pin.current.pem
        previousPinPEM = peer.pin.previous?.pem
        previousPinUntil = peer.pin.previousUntil
        serverCAsPEM = peer.trust.serverCAs.pem
        agentCAsPEM = peer.trust.agentCAs.pem
        tokenSignersPEM = peer.trust.tokenSigners.pem
        trustVersion = peer.trust.version
        inboundDigest = (peer.inbound?.digest).map { Data($0) }
        previousInboundDigest = (peer.inbound?.previousDigest).map { Data($0) }
        previousInboundUntil = peer.inbound?.previousUntil
        outboundSealed = (peer.outbound?.sealed).map { Data($0) }
        outboundDigest = (peer.outbound?.digest).map { Data($0) }
        enabled = peer.enabled
        lastContact = peer.lastContact
        lastError = peer.lastError
        acceptedCertificate = peer.acceptedCertificate
    }

    func value() throws -> PeerRecord {
        PeerRecord(
            name: name, endpoint: try Endpoint(endpoint), id: peerID,
            pin: PeerPin(
                try Certificate(pem: pinPEM), previous: try previousPinPEM.map { try Certificate(pem: $0) },
                previousUntil: previousPinUntil),
            trust: PeerTrust(
                serverCAs: try ServerCAs(pem: serverCAsPEM), agentCAs: try AgentCAs(pem: agentCAsPEM),
                tokenSigners: try TokenSigners(pem: tokenSignersPEM), version: trustVersion),
            opampEndpoint: try opampEndpoint.map { try Endpoint($0) },
            inbound: inboundDigest.map {
                InboundSecret(
                    digest: Array($0), previousDigest: previousInboundDigest.map { Array($0) },
                    previousUntil: previousInboundUntil)
            },
            outbound: outboundSealed.flatMap { sealed in
                outboundDigest.map { OutboundSecret(sealed: Array(sealed), digest: Array($0)) }
            },
            enabled: enabled, lastContact: lastContact, lastError: lastError,
            acceptedCertificate: acceptedCertificate)
    }
}

extension RecordTable<StoredPeer> {
    func find(_ id: PeerID) throws -> PeerRecord? { try find(id.description) }
    func find(name: String) throws -> PeerRecord? { try first("name = ?", [name]) }
    func save(_ peer: PeerRecord) throws { try save(peer, key: peer.id.description) }
}
