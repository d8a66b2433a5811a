import COpAMPMessages

extension WireMessage {
    /// Scan first, then the C library with a bounded arena, then the value.
    static func decode(_ bytes: ArraySlice<UInt8>, _ limits: WireLimits) throws(WireFailure) -> Self {
        let descriptor = unsafe descriptor
        var scan = WireScan(shapes: SchemaShapes.all.shapes, limits: limits)
        try scan.check(bytes.span, as: SchemaShapes.all.place(of: Self.self))

        let arena = Arena(limit: limits.allocatedBytes)
        // The arena outlives the call; the struct and everything it points to die with the arena.
        var allocator = unsafe ProtobufCAllocator(
            alloc: allocateInArena, free: leaveToArena, allocator_data: Unmanaged.passUnretained(arena).toOpaque())
        let unpacked = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe protobuf_c_message_unpack(descriptor, &allocator, buffer.count, buffer.baseAddress)
        }
        return try withExtendedLifetime(arena) { () throws(WireFailure) -> Self in
            guard let unpacked = unsafe unpacked else {
                throw arena.isExhausted
                    ? .tooMuchMemory(limit: limits.allocatedBytes) : .undecodable(message: "\(Self.self)")
            }
            return try unsafe Reader().read(UnsafeMutableRawPointer(unpacked).assumingMemoryBound(to: Packed.self))
        }
    }

    func encode(_ limits: WireLimits) throws(WireFailure) -> [UInt8] {
        let arena = Arena(limit: limits.allocatedBytes)
        let bytes = try withExtendedLifetime(arena) { () throws(WireFailure) -> [UInt8] in
            let packed = unsafe UnsafeMutableRawPointer(try Writer(arena, limits: limits).write(self))
                .assumingMemoryBound(to: ProtobufCMessage.self)
            let size = unsafe protobuf_c_message_get_packed_size(packed)
            guard size <= limits.messageBytes else {
                throw .messageTooLarge(bytes: size, limit: limits.messageBytes)
            }
            return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                count = unsafe protobuf_c_message_pack(packed, buffer.baseAddress)
            }
        }
        // A field takes two bytes at least: only a message this long can have too many.
        if bytes.count / 2 > limits.fields {
            var scan = WireScan(shapes: SchemaShapes.all.shapes, limits: limits)
            try scan.check(bytes.span, as: SchemaShapes.all.place(of: Self.self))
        }
        return bytes
    }

    /// The generated description, which every blank struct points to.
    static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        unsafe withUnsafeTemporaryAllocation(of: Packed.self, capacity: 1) { memory in
            let packed = unsafe memory.baseAddress.unsafelyUnwrapped
            unsafe blank(packed)
            return unsafe UnsafeRawPointer(packed).load(as: ProtobufCMessage.self).descriptor
        }
    }
}

private func allocateInArena(_ arena: UnsafeMutableRawPointer?, _ size: Int) -> UnsafeMutableRawPointer? {
    guard let arena = unsafe arena else { return nil }
    return unsafe Unmanaged<Arena>.fromOpaque(arena).takeUnretainedValue().allocate(size)
}

private func leaveToArena(_ arena: UnsafeMutableRawPointer?, _ pointer: UnsafeMutableRawPointer?) {}
