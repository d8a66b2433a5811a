// The standard library has the same, and with it its regular expressions: 2 MB in every statically linked agent.
extension Collection where Element: Equatable {
    /// Where these elements stand for the first time, one after another.
    @inlinable
    package func firstPlace(of searched: some Collection<Element>) -> Range<Index>? {
        guard let first = searched.first else { return startIndex..<startIndex }
        var rest = self[...]
        while let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.starts(with: searched) { return start..<rest.index(start, offsetBy: searched.count) }
            rest = rest.dropFirst()
        }
        return nil
    }

    @inlinable
    package func has(_ searched: some Collection<Element>) -> Bool { firstPlace(of: searched) != nil }
}
