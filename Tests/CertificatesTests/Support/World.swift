import Certificates
import TestPKI
import TestValues
import Vocabulary

/// A moment inside every validity below unless a test says otherwise.
let noon = TestClock.start
let day = Duration.seconds(86_400)
let year = Validity(notBefore: noon - day, notAfter: noon + day * 365)

let agentID = AgentID(version7At: noon, random: [UInt8](repeating: 7, count: 10))
let peerID = PeerID(repeating: 0xAB)

extension TestAuthority {
    func leaf(
        _ profile: CertificateProfile, subject: String = "leaf", key: PrivateKey? = nil, validity: Validity = year
    ) throws -> Certificate {
        try issue(profile, subject: subject, key: key, validity: validity).certificate
    }
}

/// A generator whose every run is the same.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// What a throwing call threw; a call that does not throw gives `nil`.
func failure(of body: () throws -> some Any) -> CertificateFailure? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? CertificateFailure
    }
}
