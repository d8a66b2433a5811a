import Vocabulary

/// A credential from a header: comparable, and never printed.
package struct BearerToken: Hashable, Sendable, CustomStringConvertible {
    private let secret: Secret

    /// The text after `Bearer`, RFC 6750 section 2.1; the scheme's name is case-insensitive.
    package init?(authorization: String) {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        secret = Secret(String(parts[1].drop { $0 == " " }))
    }

    package func reveal() -> String { secret.revealText() }

    package var description: String { secret.description }

    /// All alike, so that no hash of a secret exists.
    package func hash(into hasher: inout Hasher) {}
}
