import Vocabulary

/// RFC 7468 text as tools write it. Text outside of the blocks is ignored (section 2), and so are a byte order mark,
/// white space at both ends of a line and the kind of line end.
enum PEM {
    static let certificate = "CERTIFICATE"
    static let signingRequest = "CERTIFICATE REQUEST"
    static let privateKey = "PRIVATE KEY"

    /// What a reader wants from a text.
    enum Content {
        case certificates
        /// Certificates of a file that may hold their private key too, as some servers want it.
        case certificatesBesideKey
        case signingRequest
        case privateKey
    }

    /// One decoded block and the line on which it begins.
    struct Block {
        let bytes: [UInt8]
        let line: Int
    }

    /// The wanted blocks in their order.
    ///
    /// - Parameter limit: how many; `nil` leaves it to the size limit.
    static func blocks(
        of text: String, _ content: Content, atMost limit: Int? = nil, sizeLimit: Int = Limits.pemBytes
    ) throws(CertificateFailure) -> [Block] {
        guard text.utf8.count <= sizeLimit else { throw .pem(.tooLarge(bytes: text.utf8.count, limit: sizeLimit)) }
        var blocks: [Block] = []
        var ignored: [String] = []
        do throws(PEMRefusal) {
            for block in try RawBlock.all(in: text) {
                switch content.treatment(of: block) {
                case .refused(let refusal): throw refusal
                case .ignored: ignored.append(String(block.label.prefix(64)))
                case .taken:
                    if let limit, blocks.count >= limit { throw .tooMany(limit: limit) }
                    guard !block.isEncrypted else { throw .encryptedKey(line: block.line) }
                    guard let bytes = decodeBase64(block.body), !bytes.isEmpty else {
                        throw .notBase64(line: block.line)
                    }
                    blocks.append(Block(bytes: bytes, line: block.line))
                }
            }
            guard !blocks.isEmpty else { throw .nothingInside(expected: content.label, found: ignored) }
        } catch {
            throw .pem(error)
        }
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

extension PEM.Content {
    fileprivate enum Treatment {
        case taken, ignored
        case refused(PEMRefusal)
    }

    /// The label that a refusal names as the one looked for.
    fileprivate var label: String {
        switch self {
        case .certificates, .certificatesBesideKey: PEM.certificate
        case .signingRequest: PEM.signingRequest
        case .privateKey: PEM.privateKey
        }
    }

    /// The labels that are read, older names of the same content among them.
    private var labels: Set<String> {
        switch self {
        case .certificates, .certificatesBesideKey: [PEM.certificate, "X509 CERTIFICATE"]
        case .signingRequest: [PEM.signingRequest, "NEW CERTIFICATE REQUEST"]
        case .privateKey: [PEM.privateKey, "EC PRIVATE KEY", "RSA PRIVATE KEY"]
        }
    }

    fileprivate func treatment(of block: RawBlock) -> Treatment {
        if labels.contains(block.label) { return .taken }
        let holdsParameters = block.label == "EC PARAMETERS" || block.label == "DH PARAMETERS"
        switch (self, block.label) {
        case (.privateKey, "ENCRYPTED PRIVATE KEY"): return .refused(.encryptedKey(line: block.line))
        case (.privateKey, _) where holdsParameters || block.label.hasSuffix(PEM.certificate): return .ignored
        case (.certificatesBesideKey, _) where holdsParameters || block.label.hasSuffix(PEM.privateKey):
            return .ignored
        case (.certificates, _) where block.label.hasSuffix(PEM.privateKey),
            (.signingRequest, _) where block.label.hasSuffix(PEM.privateKey):
            return .refused(.privateKeyInside(line: block.line))
        // It may say for what the certificate must not be trusted; without that it would be trusted for everything.
        case (.certificates, "TRUSTED CERTIFICATE"), (.certificatesBesideKey, "TRUSTED CERTIFICATE"):
            return .refused(.trustedCertificate(line: block.line))
        default: return .refused(.unexpectedBlock(label: String(block.label.prefix(64)), line: block.line))
        }
    }
}

/// One block before its content is looked at.
private struct RawBlock {
    let label: String
    let line: Int
    /// Without white space.
    var body: [UInt8] = []
    /// By the header of RFC 1421 section 4.6.1.1, which OpenSSL writes into the older private key formats.
    var isEncrypted = false

    static func all(in text: String) throws(PEMRefusal) -> [RawBlock] {
        var blocks: [RawBlock] = []
        var open: RawBlock?
        let lines = text.utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: "\n") }
        for (number, raw) in zip(1..., lines) {
            let line = trimmed(raw)
            if var block = open {
                open = nil
                let end = "-----END \(block.label)-----".utf8
                if line.elementsEqual(end) {
                    blocks.append(block)
                    continue
                }
                // What follows it is mostly the next BEGIN: the files were joined without a line end between them.
                if line.starts(with: end) { throw .brokenBoundary(line: number) }
                guard !line.starts(with: "-----".utf8) else { throw .unfinishedBlock(line: block.line) }
                if line.starts(with: "Proc-Type:".utf8) { block.isEncrypted = true }
                block.body += line
                open = block
            } else if let label = label(ofBoundary: line) {
                open = RawBlock(label: label, line: number)
            } else if isBrokenBoundary(line) {
                throw .brokenBoundary(line: number)
            }
        }
        if let open { throw .unfinishedBlock(line: open.line) }
        return blocks
    }

    private static func label(ofBoundary line: Substring.UTF8View) -> String? {
        guard line.starts(with: "-----BEGIN ".utf8), line.suffix(5).elementsEqual("-----".utf8), line.count > 16 else {
            return nil
        }
        return String(decoding: line.dropFirst(11).dropLast(5), as: UTF8.self)
    }

    /// Whether a line outside of a block is a damaged or displaced `BEGIN` or `END` line. To ignore it would be to drop
    /// its certificate in silence. A `#` at the beginning makes it a comment.
    private static func isBrokenBoundary(_ line: Substring.UTF8View) -> Bool {
        guard line.first != UInt8(ascii: "#") else { return false }
        let text = String(decoding: line, as: UTF8.self)
        return ["BEGIN ", "END "].contains { word in
            var rest = text[...]
            while let place = rest.firstPlace(of: word) {
                let before = text[..<place.lowerBound]
                // A word processor makes one long dash of several.
                let isLongDash = before.unicodeScalars.last.map {
                    !$0.isASCII && $0.properties.generalCategory == .dashPunctuation
                }
                if before.hasSuffix("--") || isLongDash == true { return true }
                rest = rest[place.upperBound...]
            }
            return false
        }
    }

    /// Without white space at both ends, and without a byte order mark, which joined files have in their midst.
    private static func trimmed(_ line: Substring.UTF8View) -> Substring.UTF8View {
        let isSpace = { (character: UInt8) in character == 32 || character == 9 || character == 13 }
        let start = (line.starts(with: "\u{FEFF}".utf8) ? line.dropFirst(3) : line).drop(while: isSpace)
        return start.dropLast(start.reversed().prefix(while: isSpace).count)
    }
}
