import OperatorClient
import ServerAPI
import Vocabulary

extension Drill {
    /// One leaf, one key, two hosts: the likely form of an attack, and of a virtual machine that was cloned.
    static let copiedAgent = Drill(
        "copied-agent", "an agent's state directory is copied and both run: EU writes it down and shows it",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let copy = run.world.addAgent("copy")
        try await run.step("the agent's disk is copied, and both hosts run") { notes in
            try copy.configure(for: eu)
            await agent.kill()
            try agent.copyState(to: copy)
            try agent.start()
            try copy.start()
            notes.say("two processes with one leaf")
        }
        let row = try await regions.row(of: agent, on: eu)
        try await run.step("EU writes Agent.CopyDetected") { notes in
            let entry = try await eventually("EU has written Agent.CopyDetected for the row", within: .seconds(75)) {
                let entries = try await eu.audit().filter { $0.entityID == "\(row)" }
                let detected = entries.last { $0.action == .copyDetected }
                return detected.map(Sight.here) ?? .notYet("\(Set(entries.map(\.action.text)).sorted())")
            }
            notes.fact("entry", entry.sequence)
            notes.say("entry \(entry.sequence)")
        }
        try await run.step("`agent show` says so, and so do the metrics") { notes in
            let shown = try await eu.command("agent", "show", "\(row)").lowercased()
            try notes.expect("agent show speaks of a copy", shown.contains("cop"), seen: shown)
            let metrics = try await eu.api.text(PublicPaths.metrics).lowercased()
            let counted = metrics.split(separator: "\n").filter { !$0.hasPrefix("#") && $0.contains("cop") }
            try notes.expect("a metric counts it", !counted.isEmpty, seen: "no line about copies")
            notes.say(counted.first.map { String($0) } ?? "")
        }
        try await run.step("the copy ends, and the agent is handed over") { notes in
            await copy.kill()
            // The row may show what the copy said last, until EU has asked the agent for a full report.
            try await eventually("EU shows what the agent says of itself", within: .seconds(45)) {
                try await regions.live(agent, on: eu).displayName.hasPrefix(agent.name)
            }
            _ = try await regions.handOver(agent, from: eu, to: us, notes)
            try await regions.movedToPeer(agent, from: eu, to: us, notes)
        }
    }
}
