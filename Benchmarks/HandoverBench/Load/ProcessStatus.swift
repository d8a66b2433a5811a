import Foundation

/// What the kernel tells about another process.
struct ProcessStatus {
    /// MB.
    var resident: Double
    var anonymous: Double
    var threads: Double
    var descriptors: Double
    /// How often each of its threads has waited and gone on, since it began.
    private var switches: [String: Double]

    init(of process: Int32) throws {
        let folder = "/proc/\(process)"
        func value(_ name: String, in file: String) throws -> Double {
            let status = try String(contentsOfFile: file, encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            guard
                let value = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) })
            else { throw BenchFailure.unreadable(file) }
            return value
        }
        resident = try value("VmRSS", in: "\(folder)/status") * 1024 / 1e6
        anonymous = try value("RssAnon", in: "\(folder)/status") * 1024 / 1e6
        let tasks = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/task")
        threads = Double(tasks.count)
        descriptors = Double(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/fd").count)
        // A thread may end meanwhile.
        switches = tasks.reduce(into: [:]) { switches, thread in
            switches[thread] = try? value("voluntary_ctxt_switches", in: "\(folder)/task/\(thread)/status")
        }
    }

    /// Of all threads that are still there.
    func wakeUps(since earlier: ProcessStatus) -> Double {
        switches.reduce(0) { $0 + $1.value - (earlier.switches[$1.key] ?? 0) }
    }
}
