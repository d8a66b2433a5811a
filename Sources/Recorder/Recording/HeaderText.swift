import NIOHTTP1
import OpAMPProto
import Vocabulary

/// HTTP headers as a recording shows them: the value of a header that is not known to be harmless is masked.
enum HeaderText {
    private static let harmless: Set<String> = [
        "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "date",
        "expect",
        "handover-id", "host", "keep-alive", "opamp-instance-uid", "retry-after", "sec-websocket-extensions",
        "sec-websocket-protocol", "sec-websocket-version", "server", "te", "traceparent", "transfer-encoding",
        "upgrade",
        "user-agent", "vary", "via",
    ]

    static func json(_ headers: HTTPHeaders, showingSecrets: Bool) -> JSON {
        .array(
            headers.map { name, value in
                let isShown = showingSecrets || value.isEmpty || harmless.contains(name.lowercased())
                return .members(["name": .string(name), "value": .string(isShown ? value : SecretText.mask)])
            })
    }
}
