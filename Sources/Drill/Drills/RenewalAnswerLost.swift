import Certificates
import HostSystem
import ServerAPI

extension Drill {
    /// A leaf that was issued is pending until the agent has shown it: until then tokens name the one last seen.
    static let renewalAnswerLost = Drill(
        "renewal-answer-lost",
        "the answer to a signing request is lost: the agent goes on with its leaf, and is handed over with it",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        try await run.step("the agent asks for another leaf, and dies with the answer unread") { notes in
            let before = try agent.identity()
            try await agent.stop()
            let ending = try await agent.renewAndLoseTheAnswer()
            try notes.expect(
                "the process is killed with the answer in its hands", ending == .killed(signal: 9),
                seen: ending.map { "it \($0)" } ?? "it still ran")
            let issued = try await eu.audit().filter { $0.action.text.hasPrefix("Agent.Leaf") }
            try notes.expect("EU has issued one", issued.count == 1, seen: "\(issued.map(\.action))")
            let after = try agent.identity()
            try notes.expect("the agent holds its old leaf", after.leafBytes == before.leafBytes, seen: "another leaf")
            notes.say("EU has issued a leaf that nobody holds")
        }
        try await run.step("the agent is live on EU with its old leaf, and still gets its configuration") { notes in
            try agent.start()
            _ = try await eventually("the agent is live on EU") {
                let row = try await eu.agents().first { $0.displayName.hasPrefix(agent.name) }
                return row?.presence == .live ? Sight.here(()) : .notYet(row?.presence.text ?? "no row")
            }
            let held = try agent.identity().leaf.fingerprint
            let row = try await eu.agents().first { $0.displayName.hasPrefix(agent.name) }
            try notes.expect("the leaf EU shows is the one it has seen", row?.fingerprint, is: held)
            notes.say("leaf \("\(held)".prefix(12))")
        }
        try await run.step("EU hands the agent to US") { notes in
            _ = try await regions.handOver(agent, from: eu, to: us, notes)
            try await regions.movedToPeer(agent, from: eu, to: us, notes)
        }
    }
}
