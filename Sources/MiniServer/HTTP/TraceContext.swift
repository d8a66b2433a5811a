import Certificates
import Vocabulary

/// The header `traceparent` of W3C Trace Context, version 00.
struct TraceContext {
    static let header = "traceparent"

    /// 32 lower-case hexadecimal digits, not all zero.
    let traceID: String
    let spanID: String

    /// A new span of a trace; of a new trace when none is given.
    init(traceID: String? = nil) {
        self.traceID = traceID ?? Hex.encode(RandomBytes.generate(16))
        spanID = Hex.encode(RandomBytes.generate(8))
    }

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 4, parts[0] == "00", parts[1].utf8.count == 32, parts[2].utf8.count == 16,
            let trace = Hex.decode(parts[1]), Hex.decode(parts[2]) != nil, trace.contains(where: { $0 != 0 })
        else { return nil }
        (traceID, spanID) = (parts[1], parts[2])
    }

    var text: String { "00-\(traceID)-\(spanID)-01" }
}
