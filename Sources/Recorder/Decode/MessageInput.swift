import Foundation
package import OpAMPProto
package import Vocabulary

/// What `decode` is given: one message in some form, or a recording.
package struct MessageInput: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        case auto, hex, base64, binary, recording
    }

    /// One thing to print.
    package struct Shown: Sendable {
        package let json: JSON
        /// Why it could not be read to its end.
        package let failure: WireFailure?
    }

    package let shown: [Shown]
    package let isRecording: Bool
    /// The last line of a recording was cut off, and is left out.
    package let isCutOff: Bool

    /// - Parameters:
    ///   - name: what messages call the input.
    ///   - direction: of a single message; the likelier one when absent.
    /// - Throws: `RecorderFailure.notAMessage`, `.notARecording`.
    package init(
        _ bytes: [UInt8], named name: String, format: Format = .auto, direction: MessageDirection? = nil,
        showingSecrets: Bool = false
    ) throws(RecorderFailure) {
        let format = format == .auto ? Self.format(of: bytes) : format
        if format == .recording {
            let reader = RecordingReader(name: name, direction: direction, showsSecrets: showingSecrets)
            (shown, isCutOff) = try reader.read(bytes)
            isRecording = true
            return
        }
        (isRecording, isCutOff) = (false, false)
        guard let message = Self.raw(bytes, format) else {
            throw .notAMessage(name, why: "it is not \(format.rawValue)")
        }
        guard !message.isEmpty else { throw .notAMessage(name, why: "it is empty") }
        let isFrame = message.first == 0
        let direction = direction ?? WireText.likelyDirection(of: isFrame ? message.dropFirst() : message[...])
        let record = MessageRecord(message, direction, isFrame: isFrame, showingSecrets: showingSecrets)
        // The input itself need not be repeated.
        let members = record.members.filter { $0.name != "bytes" }
        shown = [Shown(json: .object(members), failure: record.failure)]
    }

    /// Text that is hexadecimal, base64 or JSON is that; no message consists of such characters alone, as its lengths show.
    private static func format(of bytes: [UInt8]) -> Format {
        guard let text = String(validating: bytes, as: UTF8.self) else { return .binary }
        let characters = text.filter { !$0.isWhitespace }
        if characters.hasPrefix("{\"") { return .recording }
        if !characters.isEmpty, Self.hex(text) != nil { return .hex }
        return !characters.isEmpty && Self.base64(text) != nil ? .base64 : .binary
    }

    private static func raw(_ bytes: [UInt8], _ format: Format) -> [UInt8]? {
        switch format {
        case .binary: return bytes
        case .hex: return String(validating: bytes, as: UTF8.self).flatMap { hex($0) }
        case .base64: return String(validating: bytes, as: UTF8.self).flatMap { base64($0) }
        case .auto, .recording: return nil
        }
    }

    /// As tools print it: with spaces, colons, capitals and `0x`.
    private static func hex(_ text: String) -> [UInt8]? {
        let digits = text.lowercased().split { $0.isWhitespace || $0 == ":" || $0 == "," }
            .map { $0.hasPrefix("0x") ? $0.dropFirst(2) : $0 }.joined()
        return Hex.decode(digits)
    }

    /// Either alphabet, padded or not.
    private static func base64(_ text: String) -> [UInt8]? {
        let characters = text.filter { !$0.isWhitespace && $0 != "=" }
            .map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        return Base64URL.decode(String(characters))
    }
}
