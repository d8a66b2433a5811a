/// What an operator may do; each role includes the previous one.
package enum Role: String, CaseIterable, Codable, Comparable, Sendable {
    case viewer, `operator`, admin

    package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .operator: 1
        case .admin: 2
        }
    }
}
