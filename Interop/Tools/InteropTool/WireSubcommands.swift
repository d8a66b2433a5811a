import OpAMPProto
import Vocabulary
import WireSamples

/// Which of the two messages is meant.
private enum Direction: String {
    case agentToServer = "agent-to-server"
    case serverToAgent = "server-to-agent"

    init(_ arguments: [String]) throws {
        guard let direction = arguments.first.flatMap(Direction.init(rawValue:)) else {
            throw UsageFailure.missingOrWrong("direction")
        }
        self = direction
    }
}

/// Reads messages, a line of hex each, and writes each again; a refused one becomes a line with the reason's code.
func decodeEncode(_ arguments: [String]) throws {
    let direction = try Direction(arguments)
    while let line = readLine() {
        guard let bytes = Hex.decode(line) else { throw UsageFailure.missingOrWrong("hex") }
        do throws(WireFailure) {
            switch direction {
            case .agentToServer: print(Hex.encode(try AgentToServer(decoding: bytes).encoded()))
            case .serverToAgent: print(Hex.encode(try ServerToAgent(decoding: bytes).encoded()))
            }
        } catch {
            print("refused \(error.operatorMessage.code)")
        }
    }
}

/// Writes messages made by chance, a line of hex each.
func generate(_ arguments: [String]) throws {
    let direction = try Direction(arguments)
    guard arguments.count == 3, let seed = UInt64(arguments[1]), let count = Int(arguments[2]), count > 0 else {
        throw UsageFailure.missingOrWrong("seed or count")
    }
    var maker = MessageMaker(seed: seed)
    for _ in 0..<count {
        switch direction {
        case .agentToServer: print(Hex.encode(try maker.agentToServer().encoded()))
        case .serverToAgent: print(Hex.encode(try maker.serverToAgent().encoded()))
        }
    }
}

/// Writes the message in which every field is set and says its own name.
func fullSample(_ arguments: [String]) throws {
    switch try Direction(arguments) {
    case .agentToServer: print(Hex.encode(try AgentToServer.full.encoded()))
    case .serverToAgent: print(Hex.encode(try ServerToAgent.full.encoded()))
    }
}
