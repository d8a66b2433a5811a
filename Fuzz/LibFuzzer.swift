import Glibc

/// libFuzzer's loop, which the compiler links in with `-sanitize=fuzzer`.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private let parser: Parser = {
    let name = unsafe getenv("FUZZ_PARSER").map { unsafe String(cString: $0) } ?? ""
    guard let parser = Parser(rawValue: name) else {
        fatalError("FUZZ_PARSER is one of \(Parser.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return parser
}()

/// A refusal is an answer; anything but an answer is a find. libFuzzer looks for this name, although the loop below is
/// given the function.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    try? parser.read(bytes)
    return 0
}

@main struct LibFuzzer {
    /// With `FUZZ_SEEDS` it writes the seeds into that folder, and looks at nothing.
    static func main() throws {
        if let folder = unsafe getenv("FUZZ_SEEDS").map({ unsafe String(cString: $0) }) {
            return try Seeds.write(into: folder)
        }
        var count = CommandLine.argc
        var arguments = unsafe CommandLine.unsafeArgv
        exit(unsafe runDriver(&count, &arguments) { start, count in unsafe testOneInput(start, count) })
    }
}
