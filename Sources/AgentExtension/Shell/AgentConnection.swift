import AgentCore
import ClientTransport
import OpAMPProto
import Vocabulary

/// The transport's side of one line of the core.
enum AgentConnection {
    case webSocket(WebSocketConnection)
    case polling(PollingConnection)

    /// At once, so that there are never two sessions: the next dial may be a directive away.
    func drop() {
        switch self {
        case .webSocket(let connection): connection.abandon()
        case .polling(let polling): polling.connection.close()
        }
    }
}

/// A run of requests to one server; there is one in flight at most.
struct PollingConnection {
    let connection: HTTPConnection
    /// Of the first request only.
    var opening: [HeaderField]
}

extension AgentShell {
    func open(_ id: ConnectionID, _ dial: Dial) {
        var settings = DialSettings(dial, key: key, proxy: proxy)
        (settings.receiveLimit, settings.sendLimit) = (limits.received, limits.sent)
        if settings.endpoint.isWebSocket {
            settings.headers += dial.openingHeaders
            connections[id] = .webSocket(dialer.openWebSocket(settings) { self.heard($0, on: id) })
        } else {
            // Each request names the uid of its message.
            settings.headers.removeAll { $0.name == MoveHeader.instanceUID }
            connections[id] = .polling(
                PollingConnection(connection: dialer.openHTTP(settings), opening: dial.openingHeaders))
            take(.opened(id))
        }
    }

    func send(_ message: AgentToServer, on id: ConnectionID) {
        let bytes: [UInt8]
        do throws(WireFailure) {
            bytes = try message.encoded(limits: limits.sending)
        } catch .textWithNUL(let field) {
            return take(.sendFailed(id, .notEncodable(reason: "the text in \(field) contains a NUL")))
        } catch {
            return take(.sendFailed(id, .tooLarge(limit: limits.sent)))
        }
        switch connections[id] {
        case .webSocket(let connection):
            do throws(SendRefusal) {
                try connection.send(FrameHeader.framed(bytes))
            } catch {
                take(.sendFailed(id, error))
            }
        case .polling(var polling):
            // A renewed certificate begins another transport connection.
            polling.connection.present(proxy.tls)
            let uid = InstanceUID(bytes: message.instanceUID)?.description ?? ""
            let headers = [HeaderField(MoveHeader.instanceUID, Secret(uid))] + polling.opening
            polling.opening = []
            connections[id] = .polling(polling)
            polling.connection.post(headers: headers, body: bytes) { self.answered($0, on: id) }
        case nil: take(.sendFailed(id, .notOpen))
        }
    }

    func close(_ id: ConnectionID) {
        switch connections[id] {
        case .webSocket(let connection): connection.close(code: 1000)
        case .polling(let polling):
            polling.connection.close()
            end(id, .closed(code: nil, reason: ""))
        case nil: break
        }
    }

    private func heard(_ event: WebSocketEvent, on id: ConnectionID) {
        // A line that was dropped has nothing more to say.
        guard connections[id] != nil else { return }
        switch event {
        case .opened: take(.opened(id))
        case .message(let frame):
            do throws(WireFailure) {
                let bytes = try FrameHeader.unframed(frame, tolerance: limits.frames)
                take(.received(id, try ServerToAgent(decoding: bytes, limits: limits.receiving)))
            } catch {
                take(.receivedNonsense(id, detail: error.operatorMessage.cause))
            }
        case .closed(let code, let reason): end(id, .closed(code: code, reason: reason))
        case .failed(let failure): end(id, .failed(failure))
        }
    }

    private func answered(_ result: Result<HTTPAnswer, DialFailure>, on id: ConnectionID) {
        guard connections[id] != nil else { return }
        switch result {
        case .failure(let failure): end(id, .failed(failure))
        case .success(let answer):
            guard answer.isOpAMP else {
                return take(.receivedNonsense(id, detail: "the answer's content type is not application/x-protobuf"))
            }
            do throws(WireFailure) {
                take(.received(id, try ServerToAgent(decoding: answer.body, limits: limits.receiving)))
            } catch {
                take(.receivedNonsense(id, detail: error.operatorMessage.cause))
            }
        }
    }

    private func end(_ id: ConnectionID, _ end: ConnectionEnd) {
        connections.removeValue(forKey: id)
        take(.ended(id, end))
    }
}

extension HostConfiguration.MessageLimits {
    fileprivate var receiving: WireLimits { Self.wire(received) }
    fileprivate var sending: WireLimits { Self.wire(sent) }

    /// A large message is one large part: read, it takes its own size and little more.
    private static func wire(_ bytes: Int) -> WireLimits {
        WireLimits(messageBytes: bytes, allocatedBytes: max(Limits.messageMemoryBytes, 2 * bytes))
    }
}

extension HTTPAnswer {
    /// Its content type is the request's (OpAMP, Plain HTTP Transport).
    var isOpAMP: Bool { contentType?.prefix { $0 != ";" }.lowercased() == "application/x-protobuf" }
}
