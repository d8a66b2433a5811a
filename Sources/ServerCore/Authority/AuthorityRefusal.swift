package import Vocabulary

/// What the rules for this server's CA keys do not allow.
package enum AuthorityRefusal: Error, Hashable, Sendable {
    case notDraft
    case notTrusted
    case stillNeeded(until: Timestamp)
    case vouchesForAgents(Int)
    case knownAlone(Int)
    case notYetValid(from: Timestamp)
    case tooManyKeys(Int)
}

extension AuthorityRefusal: OperatorCoded {
    package typealias Code = SigningKeyCode

    package var words: Words {
        switch self {
        case .notDraft:
            (
                .keyNotDraft, "The key is not a draft", "Only a draft key can become active.",
                "Create a draft first with `mini-server ca rotate --draft`."
            )
        case .notTrusted:
            (
                .keyNotTrusted, "The key cannot retire", "Only a replaced key can be retired.",
                "Activate another key first with `mini-server ca rotate`."
            )
        case .stillNeeded(let time):
            (
                .keyStillNeeded, "The key is still needed", "Its certificates are in use until \(time).",
                "Retire the key after that time."
            )
        case .vouchesForAgents(let count):
            (
                .keyVouchesForAgents, "Agents would be locked out",
                "\(count) agents of this server use a certificate that this key signed.",
                "Run `opamp-agent enroll --renew` on their hosts; revoke agents that are gone with `mini-server agent revoke`."
            )
        case .knownAlone(let count):
            (
                .keyKnownAlone, "Agents would be locked out",
                "\(count) connected agents have not shown that they trust another CA of this server.",
                "Restart those agents: each receives the other CA when it connects. On a host whose agent refused it, run "
                    + "`opamp-agent reset --yes`, then `opamp-agent enroll`. Then retire the key again."
            )
        case .notYetValid(let time):
            (
                .keyNotYetValid, "The key is not valid yet", "Its certificate is valid from \(time).",
                "Correct the clock if it is behind. If the key was made while the clock was ahead, run `mini-server ca "
                    + "discard` and `mini-server ca rotate`."
            )
        case .tooManyKeys(let limit):
            (
                .tooManyKeys, "There are too many CA keys",
                "A server can have at most \(limit) CA keys that are draft, active or trusted.",
                "Run `mini-server ca list`. Remove a draft with `mini-server ca discard`, or a key that was replaced 30 days "
                    + "ago with `mini-server ca retire`."
            )
        }
    }
}
