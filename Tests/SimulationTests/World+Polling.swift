import AgentCore
import OpAMPProto
import ServerCore
import Vocabulary

// Plain HTTP: every message is a request of its own, and nothing tells a server that an agent has gone.
extension World {
    func poll(_ line: Line, _ message: AgentToServer) {
        let isOpening = !line.hasPolled
        line.hasPolled = true
        line.isRequestOpen = true
        tally.count("polls")
        after(delay()) { [self] in
            let server = servers[line.server]
            let way = network[host: line.host, server: line.server]
            if line.isCut || way == .blackHole || !server.isUp && dice.chance(permille: 300) {
                return after(5000) { self.refuse(line, DialFailure(.timeout, "no answer")) }
            }
            if way == .refusing || !server.isUp { return refuse(line, DialFailure(.tcp)) }
            if strikes(permille: 10) {
                return refuse(line, DialFailure(.http(status: 503), retryAfter: .seconds(3)))
            }
            if strikes(permille: 5) {
                return refuse(line, DialFailure(.protocol, "closed", closedBeforeAnswer: true))
            }
            guard server.isTrusted(by: line.dial.settings) else { return refuse(line, DialFailure(.tlsUntrusted)) }
            switch server.poll(message, over: line, isOpening: isOpening) {
            case .refused(let status): refuse(line, DialFailure(.http(status: status), "refused"))
            case .answered(let answer): deliver(answer, to: line)
            case nil: refuse(line, DialFailure(.tcp, "reset"))
            }
        }
    }

    private func deliver(_ answer: ServerToAgent, to line: Line) {
        if strikes(permille: 20) || answer.isRenewal && losesRenewal() {
            return after(5000) { self.refuse(line, DialFailure(.timeout, "the answer was lost")) }
        }
        after(delay()) { [self] in
            if line.isCut { return after(5000) { self.refuse(line, DialFailure(.timeout, "the answer was lost")) } }
            line.isRequestOpen = false
            hosts[line.host].received(line, answer)
        }
    }

    /// Whether the answer with a new leaf gets lost on its way.
    func losesRenewal() -> Bool {
        guard strikes(permille: 300) else { return false }
        tally.count("renewal answers lost")
        return true
    }
}

extension ServerToAgent {
    /// It brings a leaf and nothing else.
    var isRenewal: Bool {
        guard let settings = connectionSettings?.opamp else { return false }
        return settings.certificate != nil && settings.destinationEndpoint.isEmpty && settings.tls == nil
    }
}
