import Foundation
import Vocabulary

extension Drill {
    /// US is restored from a backup taken before the redemption: it has never heard of the agent.
    static let targetRefusesLeaf = Drill(
        "target-refuses-leaf", "the target does not know the leaf: the agent is back on the source, with the reason",
        showing: .returnAndArrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let backup = us.directory.appendingPathExtension("backup")
        try await run.step("a backup of US is taken") { notes in
            try await us.stop()
            try FileManager.default.copyItem(at: us.directory, to: backup)
            try await us.start()
            try await regions.ping(from: eu, to: us, notes)
        }
        let issued = try await regions.offerUnderWay()
        try await run.step("US fails and is restored from the backup") { notes in
            await us.kill()
            try us.restore(from: backup)
            try await us.start()
            try notes.expect("the handovers US knows of", try await us.handovers().count, is: 0)
            notes.say("it knows of no handover")
        }
        try await run.step("US refuses the leaf, the agent is back on EU") { notes in
            agent.thaw()
            try await regions.returned(issued, agent, to: eu, because: "tls-leaf-refused", notes)
            let log = try String(contentsOf: us.log, encoding: .utf8)
            try notes.expect("US's log says why", log.contains(FleetCode.leafUnknown.code), seen: "no such line")
        }
        try await run.step("a new handover of the same agent succeeds") { notes in
            _ = try await regions.handOver(agent, from: eu, to: us, notes)
            try await regions.movedToPeer(agent, from: eu, to: us, notes)
        }
    }
}
