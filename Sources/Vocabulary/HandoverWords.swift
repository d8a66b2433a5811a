/// The kinds of notice that one party of a handover sends to the other.
package enum NoticeType: String, CaseIterable, Codable, Sendable {
    case connected, arrived, settled, lapsed
    case offered, returned, cancelled
    case leafRevoked = "leaf-revoked"
}

/// A server's part in a handover.
package enum HandoverRole: String, CaseIterable, Codable, Sendable {
    case source, target
}
