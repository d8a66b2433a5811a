import CYAML

extension YAML {
    static let sizeLimit = 1 << 20
    static let depthLimit = 32

    /// Reads one document. An empty file is an empty mapping.
    ///
    /// Anchors, aliases and tags are refused: a configuration file needs none, and they are how a small file becomes a
    /// large one.
    package init(reading bytes: [UInt8]) throws(YAMLRefusal) {
        guard bytes.count <= Self.sizeLimit else { throw .tooLarge(bytes: bytes.count, limit: Self.sizeLimit) }
        if let line = Self.lineThatIsNotUTF8(in: bytes) { throw .notUTF8(line: line) }
        let parser = YAMLEventReader(bytes)
        var builder = YAMLBuilder(reader: parser)
        self = try builder.document()
    }

    /// libyaml does not say where it is.
    private static func lineThatIsNotUTF8(in bytes: [UInt8]) -> Int? {
        // It reads UTF-16 with a byte order mark as well.
        guard ![[0xFE, 0xFF], [0xFF, 0xFE]].contains(Array(bytes.prefix(2))),
            String(validating: bytes, as: UTF8.self) == nil
        else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }.map { $0 + 1 }
    }
}

/// Builds values from events; knows no pointer.
private struct YAMLBuilder {
    let reader: YAMLEventReader

    mutating func document() throws(YAMLRefusal) -> YAML {
        var result: YAML?
        while true {
            let event = try reader.next()
            switch event.kind {
            case .streamEnd: return result ?? YAML(content: .mapping([]), line: 1)
            case .scalar, .sequenceStart, .mappingStart:
                guard result == nil else { throw .severalDocuments(line: event.line) }
                result = try value(event, depth: 1)
            case .alias: throw .anchorAliasOrTag(line: event.line)
            case .frame, .sequenceEnd, .mappingEnd: continue
            }
        }
    }

    private mutating func value(_ event: YAMLEventReader.Event, depth: Int) throws(YAMLRefusal) -> YAML {
        guard depth <= YAML.depthLimit else { throw .tooDeep(line: event.line, limit: YAML.depthLimit) }
        switch event.kind {
        case .scalar(let text, let isPlain):
            return YAML(content: .scalar(text, isPlain: isPlain), line: event.line)
        case .sequenceStart:
            var values: [YAML] = []
            while true {
                let next = try reader.next()
                if next.kind == .sequenceEnd { return YAML(content: .sequence(values), line: event.line) }
                values.append(try value(next, depth: depth + 1))
            }
        case .mappingStart:
            var entries: [YAML.Entry] = []
            while true {
                let next = try reader.next()
                if next.kind == .mappingEnd { return YAML(content: .mapping(entries), line: event.line) }
                guard case .scalar(let key, _) = next.kind else { throw .keyNotText(line: next.line) }
                guard !entries.contains(where: { $0.key == key }) else {
                    throw .duplicateKey(key, line: next.line)
                }
                let member = try value(try reader.next(), depth: depth + 1)
                entries.append(.init(key: key, line: next.line, value: member))
            }
        case .alias: throw .anchorAliasOrTag(line: event.line)
        case .frame, .streamEnd, .sequenceEnd, .mappingEnd:
            throw .syntax(line: event.line, column: 1, problem: "a value was expected")
        }
    }
}

/// libyaml's parser: the one place in this target that handles pointers.
@safe private final class YAMLEventReader {
    struct Event {
        enum Kind: Equatable {
            case scalar(String, isPlain: Bool)
            case sequenceStart, sequenceEnd, mappingStart, mappingEnd, alias
            /// Begin of stream, begin and end of a document.
            case frame
            case streamEnd
        }
        let kind: Kind
        let line: Int
    }

    // libyaml keeps pointers to both for as long as it parses, so they have addresses of their own.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        unsafe input = .allocate(capacity: bytes.count)
        _ = unsafe input.initialize(from: bytes)
        unsafe parser.initialize(to: yaml_parser_t())
        _ = unsafe yaml_parser_initialize(parser)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    func next() throws(YAMLRefusal) -> Event {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else {
            let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "unreadable"
            throw unsafe .syntax(
                line: Int(parser.pointee.problem_mark.line) + 1,
                column: Int(parser.pointee.problem_mark.column) + 1,
                problem: problem
            )
        }
        defer { unsafe yaml_event_delete(&event) }
        let line = unsafe Int(event.start_mark.line) + 1
        guard unsafe handover_yaml_has_anchor_or_tag(&event) == 0 else { throw .anchorAliasOrTag(line: line) }
        return unsafe Event(kind: Self.kind(of: &event), line: line)
    }

    private static func kind(of event: inout yaml_event_t) -> Event.Kind {
        switch unsafe event.type {
        case YAML_SCALAR_EVENT:
            let start = unsafe handover_yaml_scalar_value(&event)
            let length = unsafe handover_yaml_scalar_length(&event)
            let text = unsafe String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
            return unsafe .scalar(text, isPlain: handover_yaml_scalar_is_plain(&event) == 1)
        case YAML_SEQUENCE_START_EVENT: return .sequenceStart
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT: return .mappingStart
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_ALIAS_EVENT: return .alias
        case YAML_STREAM_END_EVENT: return .streamEnd
        default: return .frame
        }
    }
}
