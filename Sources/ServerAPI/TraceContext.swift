import Vocabulary

/// The header `traceparent` of W3C Trace Context.
package struct TraceContext: Hashable, Sendable {
    package static let header = "traceparent"

    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// 16 of them, not all zero.
    package let spanID: String

    package init(traceID: String, spanID: String) { (self.traceID, self.spanID) = (traceID, spanID) }

    /// Of a later version, which may have more parts, it reads those of version 00 ("Versioning of traceparent").
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.prefix(4).map(\.utf8.count) == [2, 32, 16, 2], parts[0] != "ff",
            parts[0] != "00" || parts.count == 4
        else { return nil }
        let numbers = parts.prefix(4).map(Hex.decode)
        guard numbers.allSatisfy({ $0 != nil }), Self.isAny(numbers[1]), Self.isAny(numbers[2]) else { return nil }
        self.init(traceID: parts[1], spanID: parts[2])
    }

    private static func isAny(_ number: [UInt8]?) -> Bool { number?.contains { $0 != 0 } == true }

    package var text: String { "00-\(traceID)-\(spanID)-01" }
}
