import Vocabulary

/// A failure as every command of this package shows it: code, cause and what to do next.
struct Explained: Error, CustomStringConvertible {
    let message: OperatorMessage

    var description: String {
        "\(message.code): \(message.title)\n  cause: \(message.cause)\n  next:  \(message.nextAction)"
    }

    /// Does `work`, and shows its failure in this form if it has one.
    static func explaining<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let failure as any OperatorExplainable {
            throw Explained(message: failure.operatorMessage)
        }
    }
}
