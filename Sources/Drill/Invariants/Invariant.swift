/// The laws of the product that can be seen from outside.
enum Law: String, CaseIterable, Sendable {
    case a1 = "A1", a2 = "A2", a3 = "A3", a4 = "A4", a5 = "A5", a6 = "A6", a7 = "A7"
    case t1 = "T1", t2 = "T2", t3 = "T3", t4 = "T4", t5 = "T5", t6 = "T6", t7 = "T7", t8 = "T8", t9 = "T9", t10 = "T10"
}

/// A law, and how a drill judges it.
struct Invariant: Sendable {
    enum Finding: Hashable, Sendable {
        /// With what it was judged by.
        case passed(String)
        case broken(String)
        /// With the reason; never counted as passed.
        case notObserved(String)
    }

    let law: Law
    let statement: String
    let judge: @Sendable (Evidence) -> Finding

    init(_ law: Law, _ statement: String, _ judge: @escaping @Sendable (Evidence) -> Finding) {
        self.law = law
        self.statement = statement
        self.judge = judge
    }

    static let all: [Invariant] = agentLaws + serverLaws

    /// - Parameter required: the laws that this drill had to show.
    static func judgeAll(by evidence: Evidence, required: Set<Law>) -> [InvariantRecord] {
        all.map { invariant in
            let (verdict, reason): (InvariantRecord.Verdict, String) =
                switch invariant.judge(evidence) {
                case .passed(let by): (.passed, by)
                case .broken(let how): (.broken, how)
                case .notObserved(let why): (.notObserved, why)
                }
            return InvariantRecord(
                id: invariant.law.rawValue, statement: invariant.statement, verdict: verdict, reason: reason,
                isRequired: required.contains(invariant.law))
        }
    }
}

extension Invariant.Finding {
    /// Broken by any of these, else judged by `evidence`; not observed when there was nothing to look at.
    static func noneOf(_ breaches: [String], evidence: String, looked count: Int, otherwise why: String) -> Self {
        if !breaches.isEmpty { return .broken(breaches.prefix(4).joined(separator: "; ")) }
        return count == 0 ? .notObserved(why) : .passed(evidence)
    }

    /// What a server would have said cannot be counted as said.
    func unless(_ unseen: [String]) -> Self {
        guard case .passed = self, !unseen.isEmpty else { return self }
        return .notObserved(unseen.joined(separator: "; "))
    }
}
