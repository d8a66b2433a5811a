import Certificates
import ServerAPI
import Vocabulary

extension TraceContext {
    /// A new span of a trace; of a new trace when none is given.
    init(traceID: String? = nil) {
        self.init(
            traceID: traceID ?? Hex.encode(RandomBytes.generate(16)), spanID: Hex.encode(RandomBytes.generate(8)))
    }
}
