public import OpAMPProto
import Vocabulary

extension Verdict {
    /// - Parameter detail: what was seen, beside what the cause says of itself.
    init(hash: OfferHash, failed cause: MoveCause, detail: String = "", next: String? = nil) {
        self.init(hash: hash, cause, detail.isEmpty ? cause.sentence : "\(cause.sentence) \(detail)", next: next)
    }

    /// Of an offer that was not tried.
    init(hash: OfferHash, refused refusal: OfferRefusal) {
        let message = refusal.operatorMessage
        self.init(hash: hash, refusal.moveCause, "\(message.code): \(message.cause)", next: message.nextAction)
    }

    private init(hash: OfferHash, _ cause: MoveCause, _ text: String, next: String?) {
        self.init(
            hash: hash, outcome: .failed(cause, message: "\(cause.code): \(text)".printable(upTo: 400)),
            next: next?.printable(upTo: 500))
    }

    /// The status for the server; `nil` for an offer without a hash, about which no status can be reported.
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
