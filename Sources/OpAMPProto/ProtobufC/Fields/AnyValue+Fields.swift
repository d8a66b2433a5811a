import COpAMPMessages

extension AnyValue: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AnyValue

    static var unset: Self { .absent }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__any_value__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.oneof(&value, &packed)
    }
}

extension AnyValue: @unsafe OneOf {
    init(reading packed: inout Packed, with reader: Reader) throws(WireFailure) {
        switch unsafe packed.value_case {
        case OPAMP__PROTO__V1__ANY_VALUE__VALUE_STRING_VALUE:
            var text = ""
            unsafe reader.text(&text, &packed.string_value)
            self = .string(text)
        case OPAMP__PROTO__V1__ANY_VALUE__VALUE_BOOL_VALUE:
            self = unsafe .bool(packed.bool_value != 0)
        case OPAMP__PROTO__V1__ANY_VALUE__VALUE_INT_VALUE:
            self = unsafe .int(packed.int_value)
        case OPAMP__PROTO__V1__ANY_VALUE__VALUE_DOUBLE_VALUE:
            self = unsafe .double(packed.double_value)
        case OPAMP__PROTO__V1__ANY_VALUE__VALUE_ARRAY_VALUE:
            var list: ArrayValue?
            try unsafe reader.message(&list, &packed.array_value)
            self = .array(list?.values ?? [])
        case OPAMP__PROTO__V1__ANY_VALUE__VALUE_KVLIST_VALUE:
            var list: KeyValueList?
            try unsafe reader.message(&list, &packed.kvlist_value)
            self = .keyValueList(list?.values ?? [])
        case OPAMP__PROTO__V1__ANY_VALUE__VALUE_BYTES_VALUE:
            var bytes: [UInt8] = []
            unsafe reader.bytes(&bytes, &packed.bytes_value)
            self = .bytes(bytes)
        default:
            self = .absent
        }
    }

    func write(to packed: inout Packed, with writer: Writer) throws(WireFailure) {
        switch self {
        case .string(let text):
            unsafe packed.value_case = OPAMP__PROTO__V1__ANY_VALUE__VALUE_STRING_VALUE
            unsafe packed.string_value = try writer.copy(text)
        case .bool(let flag):
            unsafe packed.value_case = OPAMP__PROTO__V1__ANY_VALUE__VALUE_BOOL_VALUE
            unsafe packed.bool_value = flag ? 1 : 0
        case .int(let number):
            unsafe packed.value_case = OPAMP__PROTO__V1__ANY_VALUE__VALUE_INT_VALUE
            unsafe packed.int_value = number
        case .double(let number):
            unsafe packed.value_case = OPAMP__PROTO__V1__ANY_VALUE__VALUE_DOUBLE_VALUE
            unsafe packed.double_value = number
        case .array(let values):
            unsafe packed.value_case = OPAMP__PROTO__V1__ANY_VALUE__VALUE_ARRAY_VALUE
            unsafe packed.array_value = try writer.write(ArrayValue(values: values))
        case .keyValueList(let values):
            unsafe packed.value_case = OPAMP__PROTO__V1__ANY_VALUE__VALUE_KVLIST_VALUE
            unsafe packed.kvlist_value = try writer.write(KeyValueList(values: values))
        case .bytes(var bytes):
            unsafe packed.value_case = OPAMP__PROTO__V1__ANY_VALUE__VALUE_BYTES_VALUE
            // The union may hold another member's bits, and no bytes are written for an empty array.
            unsafe packed.bytes_value = ProtobufCBinaryData()
            try unsafe writer.bytes(&bytes, &packed.bytes_value)
        case .absent:
            break
        }
    }
}

/// The message that stands between an `AnyValue` and its array.
struct ArrayValue {
    var values: [AnyValue] = []
}

extension ArrayValue: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ArrayValue

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__array_value__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.list(&value.values, &packed.n_values, &packed.values)
    }
}

/// The message that stands between an `AnyValue` and its list of attributes.
struct KeyValueList {
    var values: [KeyValue] = []
}

extension KeyValueList: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__KeyValueList

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__key_value_list__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.list(&value.values, &packed.n_values, &packed.values)
    }
}
