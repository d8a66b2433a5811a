package import Vocabulary

extension JSON {
    /// For people: a line for each member and element.
    package var indented: String { lines(indent: "").joined(separator: "\n") }

    private func lines(indent: String) -> [String] {
        switch self {
        case .object(let members) where !members.isEmpty:
            let inner = members.map { member in
                block(member.value, indent: indent + "  ", opening: "\(JSON.string(member.name).description): ")
            }
            return ["{"] + joined(inner) + ["\(indent)}"]
        case .array(let values) where !values.isEmpty:
            return ["["] + joined(values.map { block($0, indent: indent + "  ", opening: "") }) + ["\(indent)]"]
        default: return [description]
        }
    }

    private func block(_ value: JSON, indent: String, opening: String) -> [String] {
        var lines = value.lines(indent: indent)
        lines[0] = indent + opening + lines[0]
        return lines
    }

    private func joined(_ blocks: [[String]]) -> [String] {
        blocks.enumerated().flatMap { index, block in
            index == blocks.count - 1 ? block : block.dropLast() + ["\(block[block.count - 1]),"]
        }
    }
}
