import Foundation
import Vocabulary

/// Where one drill runs.
enum RunFolder {
    /// Makes a folder that nobody else has: two drills may begin in the same second.
    static func make(in runs: URL, for drill: String, at time: Timestamp) throws -> URL {
        try FileManager.default.createDirectory(at: runs, withIntermediateDirectories: true)
        let name = "\(drill)-\(time.fileName)"
        for number in 1... {
            let folder = runs.appending(path: number == 1 ? name : "\(name)-\(number)")
            do {
                // Fails when it is there, so that only one drill can have made it.
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
                return folder
            } catch let taken as CocoaError where taken.code == .fileWriteFileExists {}
        }
        throw CocoaError(.fileWriteUnknown)
    }
}

extension Timestamp {
    /// `20261122-031502`, in UTC.
    fileprivate var fileName: String {
        let digits = description.filter(\.isNumber)
        return "\(digits.prefix(8))-\(digits.dropFirst(8).prefix(6))"
    }
}
