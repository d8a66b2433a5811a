/// The header of OpAMP's WebSocket messages: one varint, which is zero (OpAMP, "WebSocket Message Format").
///
/// It is not counted by `WireLimits.messageBytes`.
public enum FrameHeader {
    public enum Tolerance: Hashable, Sendable {
        /// As the specification says. A zero padded to several bytes is a zero.
        case strict
        /// A message that does not begin with a zero byte is taken as one without a header, as peers older than the
        /// header send it. No protobuf message begins with a zero byte, so only the padded zero is lost.
        case headerless
    }

    public static func framed(_ message: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(message.count + 1)
        frame.append(0)
        frame.append(contentsOf: message)
        return frame
    }

    /// The message behind the header. It may be empty: a message with no field set has no bytes.
    public static func unframed(
        _ frame: [UInt8], tolerance: Tolerance = .strict
    ) throws(WireFailure) -> ArraySlice<UInt8> {
        switch tolerance {
        case .headerless:
            return frame.first == 0 ? frame.dropFirst() : frame[...]
        case .strict:
            guard !frame.isEmpty else { throw .frameEmpty }
            var cursor = WireCursor(0..<frame.count)
            let header: UInt64
            do {
                header = try cursor.varint(in: frame.span)
            } catch {
                throw .frameHeaderMalformed
            }
            guard header == 0 else { throw .frameHeaderNotZero(header) }
            return frame[cursor.offset...]
        }
    }
}
