package import Vocabulary

/// Which of the two messages of OpAMP bytes are.
package enum MessageDirection: String, Hashable, Sendable, CaseIterable {
    case agentToServer = "agent-to-server"
    case serverToAgent = "server-to-agent"
}

/// An OpAMP message as it stands on the wire, for people who look for what is wrong with it.
///
/// Every field has the name of the specification and stands where it first stood; fields that are not set are left out. What the
/// specification does not know is there as `#number`. Bytes are hexadecimal where they are no text. What cannot be read ends
/// the part that it is in; what was read up to there is shown.
package struct WireText: Hashable, Sendable {
    package let json: JSON
    /// Why our own decoder refuses these bytes, if it does.
    package let failure: WireFailure?
    /// Whether there is anything in it that must not be seen, masked or not.
    package let hasSecrets: Bool
    /// Fields that the specification does not know, or knows as something else.
    package let strangeFields: Int

    package init(
        _ bytes: ArraySlice<UInt8>, as direction: MessageDirection, showingSecrets: Bool = false,
        limits: WireLimits = .standard
    ) {
        let all = SchemaShapes.all
        let place =
            switch direction {
            case .agentToServer: unsafe all.place(of: AgentToServer.self)
            case .serverToAgent: unsafe all.place(of: ServerToAgent.self)
            }
        var scan = WireScan(shapes: all.shapes, limits: limits)
        var failure: WireFailure?
        do throws(WireFailure) { try scan.check(bytes.span, as: place) } catch { failure = error }

        var reader = WireTextReader(
            bytes: Array(bytes), shapes: all.shapes, limits: limits, showsSecrets: showingSecrets)
        json = reader.message(in: 0..<bytes.count, as: place, depth: 1)
        self.failure = failure
        hasSecrets = reader.hasSecrets
        strangeFields = reader.strangeFields
    }

    /// The direction in which these bytes make more sense; from the agent where both do.
    package static func likelyDirection(of bytes: ArraySlice<UInt8>) -> MessageDirection {
        func strangeness(_ direction: MessageDirection) -> Int {
            let text = WireText(bytes, as: direction)
            return text.strangeFields + (text.failure == nil ? 0 : 1)
        }
        return strangeness(.serverToAgent) < strangeness(.agentToServer) ? .serverToAgent : .agentToServer
    }
}
