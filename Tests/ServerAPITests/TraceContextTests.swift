import Testing

@testable import ServerAPI

@Suite struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test(arguments: ["00-\(trace)-\(span)-01", "00-\(trace)-\(span)-00", "cc-\(trace)-\(span)-01-what-comes-later"])
    func `a trace is read, also one of a later version`(text: String) {
        #expect(TraceContext(text) == TraceContext(traceID: Self.trace, spanID: Self.span))
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-01-more", "ff-\(trace)-\(span)-01",
        "00-\(trace.uppercased())-\(span)-01", "00-\(String(repeating: "0", count: 32))-\(span)-01",
        "00-\(trace)-\(String(repeating: "0", count: 16))-01", "00-\(trace)-\(span)-0x", "0-\(trace)-\(span)-01",
        "00-\(trace.dropLast())-\(span)-01", "00-\(trace)-\(span)a-01", "00 \(trace) \(span) 01",
    ])
    func `anything else begins a trace of its own`(text: String) { #expect(TraceContext(text) == nil) }

    @Test func `what is sent is read again`() {
        let context = TraceContext(traceID: Self.trace, spanID: Self.span)
        #expect(TraceContext(context.text) == context)
    }
}
