import Foundation
import Synchronization
import Vocabulary

/// Where the proxy writes what it sees: a line of JSON for each event, written whole and at once, so that a recording that was
/// interrupted can be read up to there.
package final class Recording: Sendable {
    /// The `schema` of the first line.
    package static let schema = "opamp-handover/recording/1"

    package let showsSecrets: Bool
    private let sink: Mutex<@Sendable ([UInt8]) throws -> Void>
    private let failures: @Sendable (RecorderFailure) -> Void
    private let path: String
    private let hasFailed = Mutex(false)

    /// - Parameters:
    ///   - path: what messages call it.
    ///   - sink: is given each line with its end; called by one thread at a time.
    ///   - failures: hears of the first line that could not be written.
    package init(
        _ path: String, showingSecrets: Bool, to sink: @escaping @Sendable ([UInt8]) throws -> Void,
        failures: @escaping @Sendable (RecorderFailure) -> Void
    ) {
        (self.path, showsSecrets, self.failures) = (path, showingSecrets, failures)
        self.sink = Mutex(sink)
    }

    /// A new file that only its owner reads; an old one of that name is replaced.
    ///
    /// - Throws: `RecorderFailure.recordingNotWritten`.
    package convenience init(
        file path: String, showingSecrets: Bool, failures: @escaping @Sendable (RecorderFailure) -> Void
    ) throws(RecorderFailure) {
        let file = URL(filePath: path)
        do {
            if FileManager.default.fileExists(atPath: file.path) { try FileManager.default.removeItem(at: file) }
            guard
                FileManager.default.createFile(
                    atPath: file.path, contents: nil, attributes: [.posixPermissions: 0o600])
            else { throw CocoaError(.fileWriteUnknown) }
            let handle = try FileHandle(forWritingTo: file)
            self.init(
                path, showingSecrets: showingSecrets, to: { try handle.write(contentsOf: Data($0)) }, failures: failures
            )
        } catch {
            throw .recordingNotWritten(path, why: error.localizedDescription)
        }
    }

    /// - Parameter event: an object.
    func write(_ event: JSON) {
        let now = JSON.Member("at", .string("\(Timestamp.present)"))
        let line = JSON.object([now] + (event.members ?? [])).utf8 + [UInt8(ascii: "\n")]
        do {
            try sink.withLock { try $0(line) }
        } catch {
            let isFirst = hasFailed.withLock { hasFailed in
                defer { hasFailed = true }
                return !hasFailed
            }
            if isFirst { failures(.recordingNotWritten(path, why: error.localizedDescription)) }
        }
    }
}

extension Timestamp {
    /// The recorder's only wall clock.
    fileprivate static var present: Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
}

extension OperatorMessage {
    var json: JSON {
        .members([
            "code": .string(code), "title": .string(title), "cause": .string(cause), "next": .string(nextAction),
        ])
    }
}
