import ArgumentParser
import Foundation
import OpAMPProto
import Recorder
import Vocabulary

struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Show OpAMP messages as JSON: of a recording, or one as bytes.",
        discussion: """
            Fields have the names of the specification; what it does not know is `#number`. Header values, tokens and \
            private keys are masked. A message is printed as far as it can be read; the command exits with 1 when it \
            cannot be read to its end.
            """)

    @Argument(help: "The file; `-` for standard input.")
    var file = "-"

    @Option(help: "auto, hex, base64, binary or recording.")
    var format = MessageInput.Format.auto

    @Option(help: "agent-to-server or server-to-agent; by default the likelier one, and all of a recording.")
    var direction: MessageDirection?

    @Flag(help: "Print header values, tokens and private keys.")
    var showSecrets = false

    func run() async throws {
        let failure = try await Explained.explaining {
            let name = file == "-" ? "standard input" : file
            let input = try MessageInput(
                try InputFile.bytes(file), named: name, format: format, direction: direction,
                showingSecrets: showSecrets)
            for shown in input.shown { print(input.isRecording ? shown.json.description : shown.json.indented) }
            if input.isCutOff {
                try? FileHandle.standardError.write(
                    contentsOf: Data("the last line of \(name) was cut off and is left out\n".utf8))
            }
            return input.isRecording ? nil : input.shown.first?.failure
        }
        if let failure { throw Explained(message: failure.operatorMessage) }
    }
}

extension MessageInput.Format: ExpressibleByArgument {}
extension MessageDirection: ExpressibleByArgument {}

/// A file that an option names.
enum InputFile {
    /// - Parameter path: `-` for standard input.
    static func bytes(_ path: String) throws(RecorderFailure) -> [UInt8] {
        do {
            let data =
                path == "-"
                ? try FileHandle.standardInput.readToEnd() ?? Data() : try Data(contentsOf: URL(filePath: path))
            return Array(data)
        } catch {
            throw .fileUnreadable(path, why: error.localizedDescription)
        }
    }

    static func text(_ path: String) throws(RecorderFailure) -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }
}
