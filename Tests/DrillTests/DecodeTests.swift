import Foundation
import NIOHTTP1
import OpAMPProto
import Synchronization
import TestValues
import Testing
import Vocabulary
import WireSamples

@testable import Recorder

@Suite struct DecodeTests {
    private static let report = AgentToServer(
        instanceUID: Array(repeating: 7, count: 16), sequenceNumber: 3,
        health: ComponentHealth(healthy: true, status: "fine"))

    @Test(arguments: ["binary", "frame", "hex", "HEX", "base64", "base64url"])
    func `one message in any form is the same message`(form: String) throws {
        let bytes = try Self.report.encoded()
        let input: [UInt8] =
            switch form {
            case "binary": bytes
            case "frame": [0] + bytes
            case "hex": Array(Hex.encode(bytes).utf8)
            case "HEX":
                Array((bytes.map { String(format: "0x%02X", $0) }.joined(separator: " ") + "\n").utf8)
            case "base64": Array(Base64.encode(bytes).utf8)
            default: Array(Base64URL.encode(bytes).utf8)
            }
        let shown = try #require(try MessageInput(input, named: "test").shown.first)
        #expect(shown.failure == nil)
        #expect(shown.json["direction"]?.string == "agent-to-server")
        #expect(shown.json["size"]?.integer == Int64(bytes.count))
        #expect(shown.json["header"]?.bool == (form == "frame" ? true : nil))
        #expect(shown.json["message"]?["sequence_num"]?.integer == 3)
        #expect(shown.json["message"]?["health"]?["status"]?.string == "fine")
    }

    @Test func `secrets are masked unless they are asked for`() throws {
        let bytes = try ServerToAgent.full.encoded()
        let masked = try MessageInput(bytes, named: "test").shown.map(\.json.description).joined()
        #expect(masked.contains(SecretText.mask) && !masked.contains("\"value\":\"value\""))
        let open = try MessageInput(bytes, named: "test", showingSecrets: true).shown.map(\.json.description).joined()
        #expect(!open.contains(SecretText.mask) && open.contains("\"value\":\"value\""))
    }

    @Test func `a message that is cut off is shown, with the reason`() throws {
        let bytes = try Self.report.encoded()
        let shown = try #require(
            try MessageInput(bytes.dropLast(), named: "test", direction: .agentToServer).shown.first)
        #expect(shown.failure != nil)
        #expect(shown.json["failure"]?["code"]?.string == shown.failure?.operatorMessage.code)
        #expect(shown.json["message"]?["sequence_num"]?.integer == 3)
    }

    @Test func `what is nothing of it is refused`() {
        #expect(throws: RecorderFailure.notAMessage("test", why: "it is not hex")) {
            try MessageInput(Array("0g".utf8), named: "test", format: .hex)
        }
        #expect(throws: RecorderFailure.notAMessage("test", why: "it is empty")) {
            try MessageInput([], named: "test")
        }
        #expect(throws: RecorderFailure.notARecording("test", line: 1)) {
            try MessageInput(Array("{\"a\":1}\n".utf8), named: "test")
        }
    }

    // MARK: Recordings

    /// A recording of these messages, as the proxy writes it.
    private func recording(showingSecrets: Bool, _ messages: [(MessageDirection, [UInt8])]) -> [UInt8] {
        let written = Written()
        let recording = Recording(
            "test", showingSecrets: showingSecrets, to: { written.add($0) }, failures: { _ in })
        recording.write(.members(["schema": .string(Recording.schema)]))
        let recorder = MessageRecorder(recording, rules: [])
        for (direction, bytes) in messages {
            _ = recorder.pass(FrameHeader.framed(bytes), direction, isFrame: true, on: 1)
        }
        return written.bytes
    }

    @Test func `a recording shows what was sent`() throws {
        let offer = try ServerToAgent.full.encoded()
        let lines = recording(
            showingSecrets: false, [(.agentToServer, try Self.report.encoded()), (.serverToAgent, offer)])
        let input = try MessageInput(lines, named: "test")
        #expect(input.isRecording && !input.isCutOff)
        #expect(input.shown.map { $0.json["number"]?.integer } == [1, 1])
        #expect(input.shown.map { $0.json["header"]?.bool } == [true, true])
        #expect(input.shown[0].json["message"]?["sequence_num"]?.integer == 3)
        let alone = try #require(try MessageInput(offer, named: "test").shown.first)
        #expect(input.shown[1].json["message"] == alone.json["message"])
        let filtered = try MessageInput(lines, named: "test", direction: .serverToAgent)
        #expect(filtered.shown.map { $0.json["direction"]?.string } == ["server-to-agent"])
    }

    @Test func `a recording without secrets has no bytes of a message with some`() throws {
        let lines = String(
            decoding: recording(
                showingSecrets: false,
                [(.agentToServer, try Self.report.encoded()), (.serverToAgent, try ServerToAgent.full.encoded())]),
            as: UTF8.self
        ).split(separator: "\n")
        #expect(lines.map { $0.contains("\"bytes\":") } == [false, true, false])
    }

    @Test func `a recording with secrets shows them only when asked`() throws {
        let lines = recording(showingSecrets: true, [(.serverToAgent, try ServerToAgent.full.encoded())])
        let masked = try MessageInput(lines, named: "test").shown.map(\.json.description).joined()
        #expect(masked.contains(SecretText.mask) && !masked.contains("\"value\":\"value\""))
        let open = try MessageInput(lines, named: "test", showingSecrets: true).shown.map(\.json.description).joined()
        #expect(!open.contains(SecretText.mask))
    }

    @Test func `a recording that was interrupted is read up to there`() throws {
        let report = try Self.report.encoded()
        let lines = recording(showingSecrets: false, [(.agentToServer, report), (.agentToServer, report)])
        let input = try MessageInput(lines.dropLast(20), named: "test")
        #expect(input.isCutOff && input.shown.count == 1)
    }

    @Test func `a broken line within a recording is named`() throws {
        var lines = recording(showingSecrets: false, [(.agentToServer, try Self.report.encoded())])
        lines.insert(contentsOf: "no JSON\n".utf8, at: try #require(lines.firstIndex(of: 0x0A)) + 1)
        #expect(throws: RecorderFailure.notARecording("test", line: 2)) { try MessageInput(lines, named: "test") }
    }

    @Test func `a recording is for its owner only, and what cannot be written is said once`() throws {
        let attributes = try TemporaryFolder.lend("recording") { folder in
            let file = folder.appending(path: "recording.jsonl")
            let recording = try Recording(file: file.path, showingSecrets: false, failures: { _ in })
            recording.write(.members(["schema": .string(Recording.schema)]))
            return try FileManager.default.attributesOfItem(atPath: file.path)
        }
        #expect(attributes[.posixPermissions] as? Int == 0o600)

        let said = Mutex(0)
        let full = Recording(
            "full", showingSecrets: false, to: { _ in throw CocoaError(.fileWriteOutOfSpace) },
            failures: { failure in
                if failure.operatorMessage.code == RecorderCode.recordingNotWritten.code { said.withLock { $0 += 1 } }
            })
        for _ in 1...3 { full.write(.members(["event": .string("open")])) }
        #expect(said.withLock { $0 } == 1)
    }

    // MARK: Parts

    @Test func `headers that are not known to be harmless are masked`() {
        let headers: HTTPHeaders = ["Authorization": "Bearer x", "X-Key": "y", "Content-Type": "z"]
        let text = HeaderText.json(headers, showingSecrets: false).description
        #expect(
            !text.contains("Bearer x") && !text.contains("\"y\"") && text.contains("\"z\"") && text.contains("X-Key"))
        #expect(HeaderText.json(headers, showingSecrets: true).description.contains("Bearer x"))
    }

    @Test func `a compressed body is read, and one that cannot be is left as it is`() throws {
        let body = try #require(
            Hex.decode("1f8b08000000000002034bcc53f02f70f40d50c84d2d2e4e4c4f050079317b7b10000000"))
        let gzip: HTTPHeaders = ["Content-Encoding": "gzip"]
        #expect(String(decoding: Decompression.message(body, gzip), as: UTF8.self) == "an OpAMP message")
        #expect(Decompression.message([1, 2, 3], gzip) == [1, 2, 3])
        #expect(Decompression.message([1, 2, 3], [:]) == [1, 2, 3])
    }

    @Test(arguments: 1...50)
    func `a corrupt message is no message`(seed: UInt64) throws {
        var maker = MessageMaker(seed: seed)
        let bytes = try maker.serverToAgent().encoded()
        #expect(throws: WireFailure.self) { try ServerToAgent(decoding: Corruption.message(bytes)) }
        let frame = try FrameHeader.unframed(Corruption.frame(FrameHeader.framed(bytes)))
        #expect(throws: WireFailure.self) { try ServerToAgent(decoding: frame) }
    }

    @Test func `indented JSON is the same JSON`() throws {
        let json: JSON = .members([
            "a": .array([]), "b": .object([]), "c": .array([.integer(1), .members(["d": .string("\"")])]), "e": .null,
        ])
        #expect(try JSON(reading: Array(json.indented.utf8)) == json)
        #expect(json.indented.split(separator: "\n").count == 11)
    }
}

/// What a recording has written.
private final class Written: Sendable {
    private let all = Mutex<[UInt8]>([])
    var bytes: [UInt8] { all.withLock { $0 } }
    func add(_ line: [UInt8]) { all.withLock { $0 += line } }
}
