import Foundation
import ServerAPI

extension Drill {
    /// What an agent reports in full to its new server may be as large as its configuration, which is its host's own.
    static let largeReport = Drill(
        "large-report", "an agent with 2 MiB of effective configuration moves, and stays",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us) = (regions.eu, regions.us)
        let large = run.world.addAgent("large")
        let line = "# " + String(repeating: "0123456789abcdef", count: 64) + "\n"
        let text = String(repeating: line, count: (2 << 20) / line.utf8.count + 1)
        try await run.step("an agent enrols on EU whose configuration on disk has 2 MiB") { notes in
            try large.configure(for: eu)
            try Data(text.utf8).write(to: large.sink)
            try await regions.enrol(large, on: eu, notes)
            try notes.expect(
                "the file is still the host's own", (try? String(contentsOf: large.sink, encoding: .utf8)) == text,
                seen: "another")
            notes.say("\(text.utf8.count) bytes")
        }
        try await run.step("EU hands it to US") { notes in
            let issued = try await regions.issue(large, from: eu, to: us, notes)
            try await regions.redeem(issued, on: us, configuration: nil, notes)
            try await regions.arrived(issued, large, from: eu, on: us, notes)
            try await regions.movedToPeer(large, from: eu, to: us, notes)
            try await regions.phase([.settled], of: issued, on: us)
        }
        try await run.step("it has reported all of it to both, and kept its connection and its file") { notes in
            let sent = large.bytesWritten ?? 0
            try notes.expect(
                "it has sent its configuration twice", sent > 2 * text.utf8.count, seen: "\(sent) bytes written")
            notes.fact("bytes written", sent)
            let lost = AgentLog(large.output).lines(of: ["connection.lost", "connection.send-failed"])
            try notes.expect("no connection was lost", lost.isEmpty, seen: "\(lost.map(\.event))")
            let onDisk = (try? Data(contentsOf: large.sink))?.count ?? 0
            try notes.expect("bytes on disk", onDisk, is: text.utf8.count)
        }
        try await run.step("the other agent, which says little, follows it") { notes in
            _ = try await regions.handOver(regions.agent, from: eu, to: us, notes)
        }
    }
}
