import NIOCore
import NIOWebSocket
import OpAMPProto
import Vocabulary

/// Passes the messages of one WebSocket in both directions, in their order.
struct WebSocketRelay: Sendable {
    let connection: AgentConnection

    /// Returns when one of the two is gone; then both are.
    func run(agent: Arrival.Frames, server: Arrival.Frames) async {
        // What an end says about its own closing is of no interest here.
        try? await agent.executeThenClose { fromAgent, toAgent in
            try? await server.executeThenClose { fromServer, toServer in
                await withTaskGroup { group in
                    group.addTask { await pump(fromAgent, toServer, .agentToServer) }
                    group.addTask { await pump(fromServer, toAgent, .serverToAgent) }
                    if let ending = await group.next() { connection.note(ending: ending) }
                    group.cancelAll()
                }
            }
        }
    }

    /// - Returns: why there is no more.
    private func pump(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>,
        _ direction: MessageDirection
    ) async -> String {
        let sender = direction == .agentToServer ? "agent" : "server"
        do {
            for try await frame in inbound {
                let data = Array(frame.unmaskedData.readableBytesView)
                guard frame.opcode == .binary else {
                    write(frame.opcode, data, direction)
                    try await outbound.write(direction.frame(frame.opcode, data))
                    continue
                }
                let fate = connection.recorder.pass(data, direction, isFrame: true, on: connection.number)
                try await Task.sleep(for: fate.delay)
                if fate.isCut { return "a rule cut it" }
                let bytes = fate.isCorrupt ? Corruption.frame(data) : data
                for _ in 0..<(fate.isDuplicate ? 2 : 1) {
                    try await outbound.write(direction.frame(.binary, bytes))
                }
            }
            return "the \(sender) ended the connection"
        } catch is CancellationError {
            return "the proxy ended it"
        } catch {
            return "the \(sender)'s connection failed: \(error)"
        }
    }

    private func write(_ opcode: WebSocketOpcode, _ data: [UInt8], _ direction: MessageDirection) {
        let reason = String(decoding: data.dropFirst(2), as: UTF8.self)
        let isClose = opcode == .connectionClose && data.count >= 2
        connection.write(
            "frame",
            .members([
                "direction": .string(direction.rawValue), "opcode": .string(opcode.name),
                "size": .integer(Int64(data.count)),
                "code": isClose ? .integer((Int64(data[0]) << 8) | Int64(data[1])) : nil,
                "reason": isClose ? .string(SecretText.masked(reason)) : nil,
            ]))
    }
}

extension MessageDirection {
    /// A client's frames are masked, a server's are not (RFC 6455 section 5.1).
    fileprivate func frame(_ opcode: WebSocketOpcode, _ data: [UInt8]) -> WebSocketFrame {
        let key: WebSocketMaskingKey? = self == .agentToServer ? .random() : nil
        return WebSocketFrame(fin: true, opcode: opcode, maskKey: key, data: ByteBuffer(bytes: data))
    }
}

extension WebSocketOpcode {
    private static let names: [WebSocketOpcode: String] = [
        .connectionClose: "close", .ping: "ping", .pong: "pong", .text: "text",
    ]

    fileprivate var name: String { Self.names[self] ?? String(describing: self) }
}
