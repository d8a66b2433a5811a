import Glibc

// Our side of the interoperability tests: Python asks, this answers with lines of text. Each subcommand has a file.

let subcommands: [String: Subcommand] = [
    "decode-encode": Subcommand(
        usage: "agent-to-server|server-to-agent < HEX LINES", run: decodeEncode),
    "generate": Subcommand(
        usage: "agent-to-server|server-to-agent SEED COUNT", run: generate),
    "full-sample": Subcommand(
        usage: "agent-to-server|server-to-agent", run: fullSample),
    "sign-token": Subcommand(usage: "< JSON LINE", run: signToken),
    "verify-token": Subcommand(usage: "< JSON LINES", run: verifyToken),
    "fingerprint": Subcommand(usage: "< JSON LINE", run: fingerprint),
]

var arguments = Array(CommandLine.arguments.dropFirst())
guard let name = arguments.first, let subcommand = subcommands[name] else {
    for (name, subcommand) in subcommands.sorted(by: { $0.key < $1.key }) {
        print("usage: interop-tool \(name) \(subcommand.usage)")
    }
    exit(64)
}
arguments.removeFirst()
do {
    try subcommand.run(arguments)
} catch {
    print("interop-tool \(name): \(error)")
    exit(1)
}
