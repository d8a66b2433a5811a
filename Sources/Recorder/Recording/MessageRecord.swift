import Foundation
package import OpAMPProto
package import Vocabulary

/// One OpAMP message as a recording and `decode` show it.
package struct MessageRecord: Hashable, Sendable {
    /// Foreign servers may send what ours would not read: the limit of the specification.
    static let mostBytes = 64 << 20
    static let limits = WireLimits(messageBytes: mostBytes)

    package let direction: MessageDirection
    /// Without a frame header.
    private let bytes: ArraySlice<UInt8>
    /// Of a WebSocket message: whether OpAMP's header byte stands before it.
    private let hasHeader: Bool?
    private let text: WireText
    private let showsSecrets: Bool
    /// What is wrong with the header before the message is looked at.
    private let headerFailure: WireFailure?

    /// - Parameter isFrame: a message of a WebSocket, which begins with a header byte.
    package init(_ bytes: [UInt8], _ direction: MessageDirection, isFrame: Bool, showingSecrets: Bool) {
        self.direction = direction
        showsSecrets = showingSecrets
        var headerFailure: WireFailure?
        if isFrame {
            do throws(WireFailure) { _ = try FrameHeader.unframed(bytes) } catch { headerFailure = error }
        }
        let message = (try? FrameHeader.unframed(bytes, tolerance: isFrame ? .strict : .headerless)) ?? bytes[...]
        self.headerFailure = headerFailure
        self.bytes = message
        hasHeader = isFrame || message.count < bytes.count ? headerFailure == nil : nil
        text = WireText(message, as: direction, showingSecrets: showingSecrets, limits: Self.limits)
    }

    /// Why a peer of this package would refuse it.
    package var failure: WireFailure? { headerFailure ?? text.failure }

    /// The bytes are there if they hold no secret that was found, or if secrets may be shown.
    ///
    /// What cannot be decoded may hold secrets that were not found.
    package var members: [JSON.Member] {
        let maySeeBytes = showsSecrets || (!text.hasSecrets && failure == nil)
        let all: KeyValuePairs<String, JSON?> = [
            "direction": .string(direction.rawValue),
            "size": .integer(Int64(bytes.count)),
            "header": hasHeader.map { .bool($0) },
            "message": text.json,
            "failure": failure?.operatorMessage.json,
            "bytes": maySeeBytes ? .string(Base64.encode(bytes)) : nil,
        ]
        return all.compactMap { name, value in value.map { .init(name, $0) } }
    }
}
