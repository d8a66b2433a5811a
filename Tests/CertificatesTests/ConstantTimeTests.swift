import Certificates
import Testing

struct ConstantTimeTests {
    /// A comparison that let one difference hide another passed one pair in 256, and six examples never showed it.
    @Test func `every pair of values of up to two small bytes is equal exactly when its bytes are`() {
        let bytes = (UInt8(0)..<8).map { $0 }
        let values = [[]] + bytes.map { [$0] } + bytes.flatMap { first in bytes.map { [first, $0] } }
        for left in values {
            for right in values {
                #expect(ConstantTime.areEqual(left, right) == (left == right), "\(left) \(right)")
            }
        }
    }

    @Test func `one bit anywhere makes two digests different`() {
        let digest = Digest.sha256(Array("secret".utf8))
        #expect(ConstantTime.areEqual(digest, digest))
        for index in digest.indices {
            for bit in 0..<8 {
                var other = digest
                other[index] ^= 1 << bit
                #expect(!ConstantTime.areEqual(digest, other))
            }
        }
    }
}
