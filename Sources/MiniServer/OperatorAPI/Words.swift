import ServerAPI
import ServerCore

// The words of the cores in the words of the interface. Phases of both machines have the names that they are stored by;
// a test compares them with `HandoverPhase`.

extension AgentPresence {
    init(_ presence: Presence) {
        self =
            switch presence {
            case .live: .live
            case .stale: .stale
            case .offline: .offline
            case .arriving: .arriving
            case .movedToPeer: .movedToPeer
            case .withdrawn: .withdrawn
            }
    }
}

extension OfferedCertificate {
    init(_ choice: CertificateChoice) {
        self =
            switch choice {
            case .repeat: .repeat
            case .omit: .omit
            }
    }
}
