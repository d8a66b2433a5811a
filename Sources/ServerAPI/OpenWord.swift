/// A word from a list that is closed for its sender and may grow with the next version.
///
/// A reader of an older version keeps a word that it does not know as text: it can show it, and `known` is `nil`. A word
/// in a request is the plain enum instead, and one that the server does not know is refused.
package struct OpenWord<Word: RawRepresentable & Hashable & Sendable>: Hashable, Sendable, CustomStringConvertible
where Word.RawValue == String {
    package let text: String

    package init(_ word: Word) { text = word.rawValue }

    package init(text: String) { self.text = text }

    package var known: Word? { Word(rawValue: text) }

    package var description: String { text }

    package func isOne(of words: Set<Word>) -> Bool { known.map(words.contains) ?? false }

    package static func == (left: OpenWord, right: Word) -> Bool { left.text == right.rawValue }
    package static func != (left: OpenWord, right: Word) -> Bool { left.text != right.rawValue }
}

extension OpenWord: Codable {
    package init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension Optional {
    package static func == <Word>(left: Self, right: Word) -> Bool where Wrapped == OpenWord<Word> {
        left.map { $0 == right } ?? false
    }
}
