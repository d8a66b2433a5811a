import COpAMPMessages

/// The shapes of every message, read once from the descriptions that protoc-c generated.
struct SchemaShapes: Sendable {
    private(set) var shapes: [MessageShape] = []
    /// By the address of the generated description, which is a constant of the program.
    private var places: [UInt: Int] = [:]

    static let all: SchemaShapes = {
        var all = SchemaShapes()
        _ = unsafe all.add(AgentToServer.descriptor)
        _ = unsafe all.add(ServerToAgent.descriptor)
        return all
    }()

    /// Every message type that is used is inside one of the two that `all` starts from.
    func place<Message: WireMessage>(of type: Message.Type) -> Int {
        guard let place = unsafe places[UInt(bitPattern: Message.descriptor)] else {
            preconditionFailure("a message that is in no other: add it to SchemaShapes.all")
        }
        return place
    }

    private mutating func add(_ descriptor: UnsafePointer<ProtobufCMessageDescriptor>) -> Int {
        if let known = places[UInt(bitPattern: descriptor)] { return known }
        let place = shapes.count
        let name = unsafe String(cString: descriptor.pointee.short_name)
        // Known before its fields are read, since messages hold themselves.
        places[UInt(bitPattern: descriptor)] = place
        shapes.append(MessageShape(name: name, fields: [], fieldNames: []))

        let fields = unsafe UnsafeBufferPointer(
            start: descriptor.pointee.fields, count: Int(descriptor.pointee.n_fields))
        let slots = unsafe (fields.map { unsafe Int($0.id) }.max() ?? 0) + 1
        precondition(slots <= UInt64.bitWidth, "the scan remembers fields in one word")
        var shape = MessageShape(
            name: name, fields: Array(repeating: nil, count: slots), fieldNames: Array(repeating: "", count: slots))
        for index in fields.indices {
            let field = unsafe fields[index]
            let number = unsafe Int(field.id)
            shape.fieldNames[number] = unsafe String(cString: field.name)
            shape.fields[number] = unsafe MessageShape.Field(
                kind: kind(of: field), isRepeated: field.label == PROTOBUF_C_LABEL_REPEATED)
        }
        shapes[place] = shape
        return place
    }

    private mutating func kind(of field: ProtobufCFieldDescriptor) -> MessageShape.Kind {
        switch unsafe field.type {
        case PROTOBUF_C_TYPE_STRING: return .text
        case PROTOBUF_C_TYPE_BYTES: return .bytes
        case PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64: return .fixed64
        case PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32: return .fixed32
        case PROTOBUF_C_TYPE_MESSAGE:
            return unsafe .message(add(field.descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)))
        default: return .varint
        }
    }
}
