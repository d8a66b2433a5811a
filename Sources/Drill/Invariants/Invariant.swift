/// A law of the product, and how a drill judges it from outside.
struct Invariant: Sendable {
    enum Finding: Hashable, Sendable {
        /// With what it was judged by.
        case passed(String)
        case broken(String)
        /// With the reason; never counted as passed.
        case notObserved(String)
    }

    let id: String
    let statement: String
    let judge: @Sendable (Evidence) -> Finding

    init(_ id: String, _ statement: String, _ judge: @escaping @Sendable (Evidence) -> Finding) {
        self.id = id
        self.statement = statement
        self.judge = judge
    }

    static let all: [Invariant] = agentLaws + serverLaws

    static func judgeAll(by evidence: Evidence) -> [InvariantRecord] {
        all.map { law in
            switch law.judge(evidence) {
            case .passed(let by): InvariantRecord(id: law.id, statement: law.statement, verdict: .passed, reason: by)
            case .broken(let how):
                InvariantRecord(id: law.id, statement: law.statement, verdict: .broken, reason: how)
            case .notObserved(let why):
                InvariantRecord(id: law.id, statement: law.statement, verdict: .notObserved, reason: why)
            }
        }
    }
}

extension Invariant.Finding {
    /// Broken by any of these, else judged by `evidence`; not observed when there was nothing to look at.
    static func noneOf(_ breaches: [String], evidence: String, looked count: Int, otherwise why: String) -> Self {
        if !breaches.isEmpty { return .broken(breaches.prefix(4).joined(separator: "; ")) }
        return count == 0 ? .notObserved(why) : .passed(evidence)
    }
}
