import OpAMPProto
import Testing
import Vocabulary
import WireSamples

@testable import ServerCore

struct AgentConversationTests {
    typealias Example = AgentToServerExample

    private let now = Timestamp(milliseconds: 1000)
    private let fresh: [UInt8] = Array(repeating: 9, count: 16)

    /// Feeds messages one by one and returns what each reply's flags ask for.
    private func asks(_ messages: [AgentToServer]) throws -> [Bool] {
        var conversation = AgentConversation(transport: .webSocket)
        return try messages.map { message in
            let report = try conversation.hear(message, at: now)
            let reply = conversation.reply(to: report, with: ServerToAgent(), freshInstanceUID: fresh).message
            #expect(reply.instanceUID == message.instanceUID)
            return reply.flags.contains(.reportFullState)
        }
    }

    @Test func `after a copy was noticed the one that is left is asked for everything, although it counts on`() throws {
        var conversation = AgentConversation(transport: .polling)
        var sequence: UInt64 = 0
        func asks(_ finding: CopyWatch.Finding?, after seconds: Int64) throws -> Bool {
            sequence += 1
            let message = sequence == 1 ? Example.full(sequence: 1) : Example.heartbeat(sequence: sequence)
            var report = try conversation.hear(message, at: now + .seconds(seconds))
            conversation.note(finding, in: &report)
            return report.needsFullState
        }
        #expect(try !asks(nil, after: 0) && !asks(nil, after: 1))
        #expect(try asks(.replacements, after: 2))
        #expect(try !asks(.replacements, after: 3) && !asks(nil, after: 21))
        #expect(try asks(nil, after: 22) && !asks(nil, after: 23))
        #expect(try asks(nil, after: 122) && !asks(nil, after: 160))
    }

    @Test func `numbers that rise by one ask for nothing`() throws {
        #expect(
            try asks([Example.full(sequence: 7), Example.heartbeat(sequence: 8), Example.heartbeat(sequence: 9)])
                == [false, false, false])
        #expect(try asks([Example.full(sequence: .max), Example.heartbeat(sequence: 0)]) == [false, false])
    }

    @Test(arguments: [UInt64(1), 0, 3, .max])
    func `a number that is not the next asks for the full state`(second: UInt64) throws {
        #expect(try asks([Example.full(sequence: 1), Example.heartbeat(sequence: second)]) == [false, true])
    }

    @Test func `a session that begins with a compressed report asks for the full state, until it comes`() throws {
        #expect(
            try asks([Example.heartbeat(sequence: 5), Example.heartbeat(sequence: 6), Example.full(sequence: 7)])
                == [true, true, false])
    }

    @Test func `an agent that never counts is not asked in answer to its full report`() throws {
        #expect(
            try asks([Example.full(sequence: 0), Example.full(sequence: 0), Example.heartbeat(sequence: 0)])
                == [false, false, true])
    }

    @Test func `another instance uid in one session asks for the full state`() throws {
        var other = Example.heartbeat(sequence: 2)
        other.instanceUID = fresh
        #expect(try asks([Example.full(sequence: 1), other]) == [false, true])
    }

    /// What was sent to its last life may be lost, and is sent again to an agent that is there for the first time.
    @Test(arguments: [AgentTransport.webSocket, .polling])
    func `a full report of a polling agent that restarted is a first report`(transport: AgentTransport)
        throws
    {
        var conversation = AgentConversation(transport: transport)
        let messages = [
            Example.full(sequence: 1), Example.heartbeat(sequence: 2), Example.full(sequence: 3),
            Example.full(sequence: 1),
            Example.heartbeat(sequence: 2), Example.heartbeat(sequence: 9),
        ]
        let reports = try messages.map { try conversation.hear($0, at: now) }
        #expect(reports.map(\.isFirst) == [true, false, false, transport == .polling, false, false])
    }

    @Test func `what is left out stays known and what changes is named`() throws {
        var conversation = AgentConversation(transport: .webSocket)
        let first = try conversation.hear(Example.full(sequence: 1), at: now)
        #expect(first.isFirst && !first.isRoutine)
        #expect(first.changes == [.description, .health, .capabilities])
        let heartbeat = try conversation.hear(Example.heartbeat(sequence: 2), at: now)
        #expect(heartbeat.isRoutine)
        #expect(heartbeat.state == first.state)
        var sick = Example.heartbeat(sequence: 3)
        sick.health = ComponentHealth(healthy: false, lastError: "disk")
        let third = try conversation.hear(sick, at: now)
        #expect(third.changes == .health && !third.isRoutine)
        #expect(third.state.health?.lastError == "disk")
        #expect(third.state.description == first.state.description)
        var repeated = sick
        repeated.sequenceNumber = 4
        let fourth = try conversation.hear(repeated, at: now)
        #expect(fourth.changes == [] && !fourth.isRoutine)
    }

    @Test func `a capability taken back is taken back, an empty set is a field left out`() throws {
        var conversation = AgentConversation(transport: .webSocket)
        _ = try conversation.hear(Example.full(sequence: 1), at: now)
        var message = Example.heartbeat(sequence: 2)
        message.capabilities = [.reportsStatus]
        #expect(try conversation.hear(message, at: now).changes == .capabilities)
        message.capabilities = []
        message.sequenceNumber = 3
        #expect(try conversation.hear(message, at: now).changes == [])
        #expect(conversation.state.capabilities == .reportsStatus)
    }

    @Test(arguments: [AgentTransport.webSocket, .polling])
    func `capabilities and custom capabilities are announced first`(transport: AgentTransport) throws {
        var conversation = AgentConversation(transport: transport)
        let replies = try [Example.full(sequence: 1), Example.heartbeat(sequence: 2), Example.full(sequence: 3)].map {
            let report = try conversation.hear($0, at: now)
            return conversation.reply(to: report, with: ServerToAgent(), freshInstanceUID: fresh).message
        }
        #expect(replies[0].capabilities == .ours && replies[0].customCapabilities == .ours)
        #expect(replies[1] == ServerToAgent(instanceUID: Example.uid))
        #expect(replies[2].customCapabilities == (transport == .polling ? .ours : nil))
    }

    @Test func `an error does not use up the announcement`() throws {
        var conversation = AgentConversation(transport: .webSocket)
        let first = try conversation.hear(Example.full(sequence: 1), at: now)
        let error = OpAMPAnswer.unavailable(retryAfter: .seconds(2), "busy").content
        let refused = conversation.reply(to: first, with: error, freshInstanceUID: fresh).message
        #expect(refused.capabilities == [])
        #expect(refused.errorResponse?.retryInfo?.retryAfterNanoseconds == 2_000_000_000)
        let second = try conversation.hear(Example.heartbeat(sequence: 2), at: now)
        let accepted = conversation.reply(to: second, with: ServerToAgent(), freshInstanceUID: fresh).message
        #expect(accepted.capabilities == .ours)
    }

    @Test func `an agent that asks for a uid gets one and may use it at once`() throws {
        var conversation = AgentConversation(transport: .webSocket)
        var asking = Example.full(sequence: 1)
        asking.flags = .requestInstanceUID
        let report = try conversation.hear(asking, at: now)
        let reply = conversation.reply(to: report, with: ServerToAgent(), freshInstanceUID: fresh).message
        #expect(reply.instanceUID == Example.uid)
        #expect(reply.agentIdentification?.newInstanceUID == fresh)
        var adopted = Example.heartbeat(sequence: 2)
        adopted.instanceUID = fresh
        #expect(try !conversation.hear(adopted, at: now).needsFullState)
        #expect(conversation.permitted(ServerToAgent()).message.instanceUID == fresh)
    }

    @Test(arguments: [0, 1, 15, 17, 32])
    func `an instance uid that has not 16 bytes is refused`(count: Int) {
        var conversation = AgentConversation(transport: .webSocket)
        #expect(throws: ConversationRefusal.instanceUID(bytes: count)) {
            try conversation.hear(AgentToServer(instanceUID: Array(repeating: 1, count: count)), at: now)
        }
    }
}
