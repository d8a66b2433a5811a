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
                kind: kind(of: field), isRepeated: field.label == PROTOBUF_C_LABEL_REPEATED,
                number: bits(in: shape.path(number)) ?? meaning(of: field))
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

    private func meaning(of field: ProtobufCFieldDescriptor) -> MessageShape.Number {
        switch unsafe field.type {
        case PROTOBUF_C_TYPE_BOOL: .flag
        case PROTOBUF_C_TYPE_DOUBLE: .double
        case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_INT64: .signed
        case PROTOBUF_C_TYPE_ENUM:
            unsafe .word(names(in: field.descriptor.assumingMemoryBound(to: ProtobufCEnumDescriptor.self).pointee))
        default: .unsigned
        }
    }

    /// The fields whose bits an enumeration names, which the schema says in prose only.
    private func bits(in path: String) -> MessageShape.Number? {
        switch path {
        case "AgentToServer.capabilities":
            unsafe .bits(names(in: opamp__proto__v1__agent_capabilities__descriptor))
        case "AgentToServer.flags":
            unsafe .bits(names(in: opamp__proto__v1__agent_to_server_flags__descriptor))
        case "ServerToAgent.capabilities":
            unsafe .bits(names(in: opamp__proto__v1__server_capabilities__descriptor))
        case "ServerToAgent.flags":
            unsafe .bits(names(in: opamp__proto__v1__server_to_agent_flags__descriptor))
        default: nil
        }
    }

    /// Without the name of the enumeration that the schema puts before each.
    private func names(in descriptor: ProtobufCEnumDescriptor) -> [UInt64: String] {
        let values = unsafe UnsafeBufferPointer(start: descriptor.values, count: Int(descriptor.n_values))
        var names: [UInt64: String] = [:]
        for index in values.indices {
            let value = unsafe values[index]
            let name = unsafe String(cString: value.name)
            names[UInt64(UInt32(bitPattern: unsafe value.value))] = String(name.drop { $0 != "_" }.dropFirst())
        }
        return names
    }
}
