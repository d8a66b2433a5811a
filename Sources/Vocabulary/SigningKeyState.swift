/// What a key of a server's certificate authority is used for.
package enum SigningKeyState: String, CaseIterable, Codable, Sendable {
    /// Published, so that peers and agents know it before anything is signed with it. Next: `active`.
    case draft
    /// Signs leaves and tokens; there is one. Next: `trusted`.
    case active
    /// What it signed still holds; it signs nothing more for others. Next: `retired`.
    case trusted
    case retired
}
