import OpAMPProto
import Vocabulary

/// Reads the lines of a recording, and shows its messages as `decode` does.
struct RecordingReader {
    let name: String
    /// Only messages in this direction; all when absent.
    let direction: MessageDirection?
    let showsSecrets: Bool

    /// - Returns: a message for each line that has one, and whether the last line was cut off.
    func read(_ bytes: [UInt8]) throws(RecorderFailure) -> (shown: [MessageInput.Shown], isCutOff: Bool) {
        var shown: [MessageInput.Shown] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            guard let event = try? JSON(reading: Array(line), sizeLimit: .max, depthLimit: 256),
                event["at"] != nil, event["event"] != nil || event["schema"] != nil
            else {
                // A whole line has an end.
                if index == lines.count - 1 { return (shown, true) }
                throw .notARecording(name, line: index + 1)
            }
            if let message = try message(event, line: index + 1) { shown.append(message) }
        }
        return (shown, false)
    }

    private func message(_ event: JSON, line: Int) throws(RecorderFailure) -> MessageInput.Shown? {
        guard event["event"]?.string == "message" else { return nil }
        guard let direction = event["direction"]?.string.flatMap(MessageDirection.init(rawValue:)) else {
            throw .notARecording(name, line: line)
        }
        if let wanted = self.direction, wanted != direction { return nil }
        let place = ["at", "connection", "transport", "number"].compactMap { name in
            event[name].map { JSON.Member(name, $0) }
        }
        let rules = event["rules"].map { [JSON.Member("rules", $0)] } ?? []
        guard let bytes = event["bytes"]?.string.flatMap(Self.bytes) else {
            let rest = (event.members ?? []).filter {
                !(place + rules).map(\.name).contains($0.name) && $0.name != "event"
            }
            return .init(json: .object(place + rest + rules), failure: nil)
        }
        let record = MessageRecord(bytes, direction, isFrame: false, showingSecrets: showsSecrets)
        let header = event["header"].map { [JSON.Member("header", $0)] } ?? []
        let members = record.members.filter { !["bytes", "header"].contains($0.name) }
        return .init(json: .object(place + header + members + rules), failure: record.failure)
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        Base64URL.decode(String(text.filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }))
    }
}
