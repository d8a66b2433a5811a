// Codes that only tools say, which are neither a server nor an agent.

/// `handover-drill proxy` and `handover-drill decode`.
package enum RecorderCode: String, OperatorCode {
    package static let area = "recorder"

    case addressInUse = "address-in-use"
    case badAddress = "bad-address"
    case badCommand = "bad-command"
    case badRule = "bad-rule"
    case fileUnreadable = "file-unreadable"
    case notAMessage = "not-a-message"
    case notARecording = "not-a-recording"
    case recordingNotWritten = "recording-not-written"
    case serverUnreachable = "server-unreachable"
}
