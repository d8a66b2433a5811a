import Certificates
import Vocabulary

extension TrustSet {
    /// An array of certificates, each the base64url text of its DER.
    var json: JSON { .array(certificates.map { .string(Base64URL.encode($0.der)) }) }
}

extension ClaimReader {
    func trustSet<Role>(_ name: String) throws(ClaimDefect) -> TrustSet<Role> {
        let texts = try required(name) { json in
            json.array.flatMap { elements in
                let texts = elements.compactMap(\.string)
                return texts.count == elements.count ? texts : nil
            }
        }
        // Before any of them is decoded.
        guard texts.count <= Limits.bundleCertificates else {
            throw defect(name, .trustSet(.tooMany(texts.count)))
        }
        var certificates: [Certificate] = []
        for text in texts {
            guard let der = Base64URL.decode(text) else { throw defect(name, .wrongForm) }
            do throws(CertificateFailure) {
                certificates.append(try Certificate(der: der))
            } catch {
                throw defect(name, .trustSet(.unreadable(error)))
            }
        }
        do throws(TrustSetRefusal) {
            return try TrustSet(certificates)
        } catch {
            throw defect(name, .trustSet(error))
        }
    }
}
