import Foundation

/// PEM made by Foundation, so that our own writer is not the judge of our own reader.
enum PEMText {
    static func block(_ bytes: [UInt8], label: String) -> String {
        let body = Data(bytes).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return "-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n"
    }
}

extension PEMText {
    /// The bytes of a text of one block.
    static func bytes(of pem: String) -> [UInt8]? {
        Data(base64Encoded: pem.split(separator: "\n").dropFirst().dropLast().joined()).map([UInt8].init)
    }
}
