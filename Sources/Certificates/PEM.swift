import Vocabulary

/// RFC 7468 text, read strictly: whole blocks of expected labels, base64 inside, white space and `#` comments outside.
enum PEM {
    static let certificate = "CERTIFICATE"
    static let signingRequest = "CERTIFICATE REQUEST"
    static let privateKey = "PRIVATE KEY"
    static let sec1PrivateKey = "EC PRIVATE KEY"

    /// The decoded blocks in their order. Whoever expects a private key asks for that label; anywhere else its
    /// presence has a refusal of its own.
    static func blocks(
        of text: String,
        labelled expected: String,
        atMost limit: Int,
        sizeLimit: Int = Limits.pemBytes
    ) throws(CertificateFailure) -> [[UInt8]] {
        guard text.utf8.count <= sizeLimit else { throw .pem(.tooLarge(bytes: text.utf8.count, limit: sizeLimit)) }
        var blocks: [[UInt8]] = []
        var open: (label: String, line: Int, base64: [UInt8])?
        let lines = text.utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: "\n") }
        for (index, raw) in lines.enumerated() {
            let line = String(decoding: raw, as: UTF8.self).trimmingSpace()
            if let block = open {
                if line == "-----END \(block.label)-----" {
                    guard let bytes = decodeBase64(block.base64), !bytes.isEmpty else {
                        throw .pem(.damagedBlock(line: block.line))
                    }
                    blocks.append(bytes)
                    open = nil
                } else if line.hasPrefix("-----") {
                    throw .pem(.damagedBlock(line: block.line))
                } else {
                    open?.base64 += Array(line.utf8)
                }
            } else if line.hasPrefix("-----BEGIN "), line.hasSuffix("-----"), line.utf8.count > 16 {
                let label = String(line.dropFirst(11).dropLast(5))
                guard label == expected else {
                    guard !label.hasSuffix(privateKey) else { throw .pem(.privateKeyInside) }
                    throw .pem(.unexpectedBlock(label: String(label.prefix(64))))
                }
                guard blocks.count < limit else { throw .pem(.tooMany(limit: limit)) }
                open = (label, index + 1, [])
            } else if !line.isEmpty, !line.hasPrefix("#") {
                throw .pem(.strayText(line: index + 1))
            }
        }
        if let open { throw .pem(.damagedBlock(line: open.line)) }
        guard !blocks.isEmpty else { throw .pem(.nothingInside(expected: expected)) }
        return blocks
    }

    static func text(of bytes: [UInt8], label: String) -> String {
        let base64 = Array(Base64.encode(bytes).utf8)
        let lines = stride(from: 0, to: base64.count, by: 64).map { start in
            String(decoding: base64[start..<min(start + 64, base64.count)], as: UTF8.self)
        }
        return "-----BEGIN \(label)-----\n\(lines.joined(separator: "\n"))\n-----END \(label)-----\n"
    }

    /// Standard base64 with its padding, translated to the one alphabet that Vocabulary reads.
    private static func decodeBase64(_ text: [UInt8]) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var translated: [UInt8] = []
        translated.reserveCapacity(text.count)
        for character in text.dropLast(padding) {
            switch character {
            case UInt8(ascii: "+"): translated.append(UInt8(ascii: "-"))
            case UInt8(ascii: "/"): translated.append(UInt8(ascii: "_"))
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: translated.append(character)
            }
        }
        return Base64URL.decode(String(decoding: translated, as: UTF8.self))
    }
}

extension String {
    fileprivate func trimmingSpace() -> String {
        let isSpace = { (character: UInt8) in character == 32 || character == 9 || character == 13 }
        let start = utf8.drop(while: isSpace)
        let end = start.reversed().prefix(while: isSpace).count
        return String(decoding: start.dropLast(end), as: UTF8.self)
    }
}
