/// A DNS name as certificates and dials use it: lower case, no dot at the end.
struct HostName: Hashable, Sendable, CustomStringConvertible {
    private let labels: [Substring]

    var description: String { labels.joined(separator: ".") }

    /// A name that can be dialled.
    init?(_ text: String) {
        self.init(pattern: text)
        guard labels[0] != "*" else { return nil }
    }

    /// A name as it may stand in a certificate: a star may be its whole left-most label (RFC 9525 section 6.3) if at
    /// least two labels follow.
    init?(pattern text: String) {
        let name = text.lowercased()
        let labels = (name.hasSuffix(".") ? name.dropLast() : name[...])
            .split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, let last = labels.last, !last.utf8.allSatisfy({ (48...57).contains($0) }),
            labels.enumerated().allSatisfy({ index, label in
                Self.isLabel(label) || index == 0 && label == "*" && labels.count >= 3
            })
        else { return nil }
        self.labels = labels
    }

    /// Whether a certificate that bears this pattern may serve the host.
    func covers(_ host: HostName) -> Bool {
        guard labels[0] == "*" else { return labels == host.labels }
        return labels.count == host.labels.count && labels.dropFirst() == host.labels.dropFirst()
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count)
            && label.utf8.allSatisfy { character in
                switch character {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
