import Vocabulary

extension MoveMessage {
    /// JSON text of the standing message.
    static func standing(epoch: Epoch, handover: HandoverID?) -> [UInt8] {
        let json = JSON.members([
            "epoch": .integer(Int64(clamping: epoch)), "jti": handover.map { .string($0.description) },
        ])
        return Array(json.description.utf8)
    }
}
