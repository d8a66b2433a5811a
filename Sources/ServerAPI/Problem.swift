package import Vocabulary

/// An error as RFC 9457 `application/problem+json`, with the operator message's parts as extension members.
package struct Problem: Codable, Hashable, Sendable {
    package static let contentType = "application/problem+json"

    package var type: String
    package var title: String
    package var status: Int
    package var detail: String
    package var code: String
    package var cause: String
    package var nextAction: String
    /// The path that was asked for.
    package var instance: String?
    /// Federation only: the fingerprint of the certificate the caller presented.
    package var presentedFingerprint: Fingerprint?
    /// Federation events only: the number of the last event that was taken in.
    package var lastSequence: Int?

    package init(
        _ message: OperatorMessage,
        status: Int,
        instance: String? = nil,
        presentedFingerprint: Fingerprint? = nil,
        lastSequence: Int? = nil
    ) {
        self.type = "urn:opamp-handover:problem:\(message.code)"
        self.title = message.title
        self.status = status
        self.detail = message.cause
        self.code = message.code
        self.cause = message.cause
        self.nextAction = message.nextAction
        self.instance = instance
        self.presentedFingerprint = presentedFingerprint
        self.lastSequence = lastSequence
    }

    /// Its words, from a server that may be anybody's: each fit for one line of a log, a table or an audit entry.
    package var operatorMessage: OperatorMessage {
        OperatorMessage(
            code: code.printable(upTo: 100), title: title.printable(upTo: 200), cause: cause.printable(upTo: 1000),
            nextAction: nextAction.printable(upTo: 1000))
    }
}

/// One page of a list. `nextCursor` is opaque and absent on the last page.
package struct Page<Item: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
    package var items: [Item]
    package var nextCursor: String?

    package init(items: [Item], nextCursor: String? = nil) {
        self.items = items
        self.nextCursor = nextCursor
    }
}
