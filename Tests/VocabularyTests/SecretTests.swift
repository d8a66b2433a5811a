import Testing
import Vocabulary

struct SecretTests {
    private struct Holder {
        let name = "peer"
        let secret = Secret("canary-5f1e")
        let list = [Secret("canary-5f1e")]
        let table = ["key": Secret("canary-5f1e")]
        let maybe: Secret? = Secret("canary-5f1e")
    }

    @Test func `no way of printing shows the secret`() {
        let holder = Holder()
        var dumped = ""
        dump(holder, to: &dumped)
        var printed = ""
        print(holder, holder.secret, to: &printed)
        debugPrint(holder, holder.secret, to: &printed)
        let texts = [
            dumped, printed, "\(holder.secret)", String(describing: holder), String(reflecting: holder),
            String(describing: holder.maybe), String(reflecting: holder.list), "\(holder.table)",
            String(describing: Mirror(reflecting: holder.secret).children.map(\.value)),
        ]
        for text in texts {
            #expect(!text.contains("canary"))
            // Not as a list of its bytes either: "can" is 99, 97, 110.
            #expect(!text.contains("99, 97, 110"))
        }
        #expect("\(holder.secret)" == "(redacted)")
    }

    @Test func `a secret is revealed only by asking`() {
        #expect(Secret("pa\u{DF}").reveal() == Array("pa\u{DF}".utf8))
        #expect(Secret([0x70, 0x61]).revealText() == "pa")
        #expect(Secret("").isEmpty)
        #expect(!Secret([0]).isEmpty)
    }

    @Test(
        arguments: [
            ([], [], true), ([1, 2], [1, 2], true), ([1, 2], [1, 3], false), ([1, 2], [0, 2], false),
            ([1], [1, 1], false),
            ([0x80], [0], false),
        ] as [([UInt8], [UInt8], Bool)])
    func `secrets are compared byte for byte`(left: [UInt8], right: [UInt8], equal: Bool) {
        #expect((Secret(left) == Secret(right)) == equal)
    }

    @Test func `every pair of two small bytes is equal exactly when its bytes are`() {
        let values = (0..<64).map { [UInt8($0 >> 3), UInt8($0 & 7)] }
        for left in values {
            for right in values { #expect((Secret(left) == Secret(right)) == (left == right)) }
        }
    }
}
