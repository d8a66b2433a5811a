public import OpAMPProto
import Vocabulary

extension Verdict {
    init(hash: OfferHash, failed cause: MoveCause, detail: String = "") {
        let text = detail.isEmpty ? cause.sentence : detail
        self.init(hash: hash, outcome: .failed(cause, message: String("\(cause.code): \(text)".prefix(400))))
    }

    /// What a server is told; `nil` for an offer without a hash, about which nothing can be told.
    public var status: ConnectionSettingsStatus? {
        hash.reported.map { hash in
            switch outcome {
            case .applied: ConnectionSettingsStatus(lastConnectionSettingsHash: hash, status: .applied)
            case .failed(_, let message):
                ConnectionSettingsStatus(lastConnectionSettingsHash: hash, status: .failed, errorMessage: message)
            }
        }
    }
}

extension OfferHash {
    /// For the log.
    var text: String {
        switch self {
        case .named(let bytes): Hex.encode(bytes)
        case .unnamed: "none"
        }
    }
}
