/// A number of bytes as operators write it: `4096`, `64KiB`, `10MiB`.
public enum SizeText {
    private static let units = [("KiB", 1 << 10), ("MiB", 1 << 20)]

    /// - Returns: bytes; `nil` for any other text, and for a number that is too large.
    public static func read(_ text: String) -> Int? {
        let unit = units.first { text.hasSuffix($0.0) }
        guard let number = Int(text.dropLast(unit?.0.count ?? 0)), number >= 0,
            case let (bytes, overflow) = number.multipliedReportingOverflow(by: unit?.1 ?? 1), !overflow
        else { return nil }
        return bytes
    }
}
