import OpAMPProto
import Vocabulary

/// What passes the proxy, as far as rules look at it.
struct Passing: Sendable {
    enum Kind: Sendable {
        case upgrade
        /// With nothing masked; absent when it is no OpAMP message.
        case message(JSON?)
    }

    var direction: MessageDirection
    var kind: Kind
    /// A request or an answer of HTTP, and no message of a WebSocket.
    var isHTTP: Bool
}

/// What becomes of it.
struct Fate: Hashable, Sendable {
    var delay = Duration.zero
    var isCut = false
    var isCorrupt = false
    var isDuplicate = false
    var status: Int?
    /// The rules that applied, as they are written.
    var rules: [String] = []
}

/// The rules and how often each has matched.
struct RuleBook: Sendable {
    private var rules: [(rule: Rule, matches: Int)]

    init(_ rules: [Rule]) {
        self.rules = rules.map { ($0, 0) }
    }

    mutating func fate(of passing: Passing) -> Fate {
        var fate = Fate()
        for index in rules.indices where rules[index].rule.concerns(passing) {
            rules[index].matches += 1
            let rule = rules[index].rule
            if rule.number == nil || rule.number == rules[index].matches { fate.follow(rule) }
        }
        return fate
    }
}

extension Rule {
    fileprivate func concerns(_ passing: Passing) -> Bool {
        guard direction == passing.direction, isPossible(for: passing) else { return false }
        switch (target, passing.kind) {
        case (.upgrade, .upgrade): return true
        case (.any, .message): return true
        case (.field(let path, let value), .message(let json?)): return json.has(path[...], value)
        default: return false
        }
    }

    /// A WebSocket message has no status, and one request has one answer.
    private func isPossible(for passing: Passing) -> Bool {
        switch action {
        case .status: passing.isHTTP
        case .duplicate: !passing.isHTTP || passing.direction == .agentToServer
        case .delay, .cut, .corrupt: true
        }
    }
}

extension Fate {
    fileprivate mutating func follow(_ rule: Rule) {
        rules.append(rule.text)
        switch rule.action {
        case .delay(let time): delay += time
        case .cut: isCut = true
        case .corrupt: isCorrupt = true
        case .duplicate: isDuplicate = true
        case .status(let code): status = code
        }
    }
}

extension JSON {
    /// Looks into every element of a list.
    fileprivate func has(_ path: ArraySlice<String>, _ value: String?) -> Bool {
        if let elements = array { return elements.contains { $0.has(path, value) } }
        guard let name = path.first else { return value.map { self.string ?? description == $0 } ?? true }
        return self[name]?.has(path.dropFirst(), value) ?? false
    }
}
