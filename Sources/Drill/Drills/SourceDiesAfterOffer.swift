import Foundation
import ServerAPI

extension Drill {
    /// What was sent down a WebSocket is the agent's already; what waits for a poll goes down with the source, and comes
    /// back with it.
    static let sourceDiesAfterOffer = Drill(
        "source-dies-after-offer",
        "the source dies once the offer is out: the agent arrives, the source learns of it later",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let issued = try await regions.offerUnderWay()
        try await run.step("EU loses its power") { notes in
            await eu.kill()
            notes.say("SIGKILL")
        }
        switch run.world.transport {
        case .ws:
            try await run.step("the agent arrives on US without EU") { notes in
                agent.thaw()
                let row = try await regions.live(agent, on: us)
                try await regions.phase([.arrived, .settled], of: issued, on: us)
                try regions.keepsIdentity(agent, notes)
                notes.say("row \(row.id.prefix(8)) on US")
            }
            try await run.step("EU comes back, and is told") { notes in
                try await eu.start()
                try await regions.movedToPeer(agent, from: eu, to: us, notes)
                try await regions.phase([.moved, .settled], of: issued, on: eu)
            }
        case .http:
            try await run.step("the agent, which had not polled yet, keeps to EU") { notes in
                agent.thaw()
                try await eventually("the agent has polled in vain") { agent.output.contains("connection.lost") }
                let status = try await agent.status()
                try notes.expect(
                    "the agent names EU as its server", status.active.endpoint.contains(":\(eu.port ?? 0)/"),
                    seen: status.active.endpoint)
                try notes.expect("no candidate", status.candidate == nil, seen: status.candidate?.endpoint ?? "")
                try await regions.phase([.awaiting], of: issued, on: us)
                notes.say("it keeps trying")
            }
            try await run.step("EU comes back, and the next poll fetches the offer") { notes in
                try await eu.start()
                try await regions.arrived(issued, agent, from: eu, on: us, notes)
                try await regions.movedToPeer(agent, from: eu, to: us, notes)
            }
        }
        try await run.step("the audit of both sides tells one story") {
            try await regions.joined(issued, from: eu, to: us, $0)
        }
    }
}
