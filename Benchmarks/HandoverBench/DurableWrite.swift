import DurableFiles

/// What the machine itself asks for one small file that survives the power cord, measured in the same run: the yardstick
/// for everything that writes.
enum DurableWrite {
    static func measure(in folder: String, times: Int = 200) throws -> Figures {
        let bytes = [UInt8](repeating: 0x5A, count: 4096)
        let path = folder + "/yardstick"
        let samples = try (0..<times).map { _ in
            try ContinuousClock().measure { try AtomicFile.write(bytes, to: path) }
        }
        try AtomicFile.remove(path)
        return Figures(samples)
    }
}
