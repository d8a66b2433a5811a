import Testing
import Vocabulary

@testable import ServerCore

struct ReportMeterTests {
    private let agents = (1...2).map {
        AgentID(version7At: Timestamp(seconds: 1), random: [UInt8](repeating: $0, count: 10))
    }
    private let start = Timestamp(seconds: 1_000)

    private func wait(_ meter: inout ReportMeter, _ size: Int, of agent: AgentID, at now: Timestamp) -> Duration? {
        meter.wait(for: size, of: agent, at: now)
    }

    @Test func `a large report is taken at once, and the next one waits until it is paid for`() {
        var meter = ReportMeter()
        #expect(wait(&meter, 1 << 20, of: agents[0], at: start) == .zero)
        #expect(wait(&meter, 1 << 20, of: agents[0], at: start) == .seconds(1))
        #expect(wait(&meter, 1 << 19, of: agents[0], at: start + .milliseconds(500)) == .milliseconds(1500))
        #expect(wait(&meter, 1 << 20, of: agents[0], at: start + .seconds(3)) == .zero)
    }

    @Test func `other agents and small reports do not wait`() {
        var meter = ReportMeter()
        _ = meter.wait(for: 4 << 20, of: agents[0], at: start)
        #expect(wait(&meter, 1 << 20, of: agents[1], at: start) == .zero)
        #expect(wait(&meter, ReportMeter.free - 1, of: agents[0], at: start) == .zero)
    }

    @Test func `an agent that sends large reports side by side has to come again, and nothing of it is counted`() {
        var meter = ReportMeter()
        _ = meter.wait(for: Limits.messageBytes, of: agents[0], at: start)
        #expect(wait(&meter, Limits.messageBytes, of: agents[0], at: start) == ReportMeter.longest)
        #expect(wait(&meter, 1 << 20, of: agents[0], at: start) == nil)
        #expect(wait(&meter, 1 << 20, of: agents[0], at: start) == nil)
        #expect(wait(&meter, 1 << 20, of: agents[0], at: start + .seconds(2)) == ReportMeter.longest)
    }

    @Test func `a clock that was set back keeps nobody out`() {
        var meter = ReportMeter()
        _ = meter.wait(for: 1 << 20, of: agents[1], at: start + .seconds(86_400))
        #expect(wait(&meter, 1 << 20, of: agents[1], at: start) == .zero)
    }
}
