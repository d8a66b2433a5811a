import Glibc

/// Memory for the C structs of one message: taken in pieces, given back all at once, never more than its limit.
///
/// One arena belongs to one call of the codec and never leaves its thread.
@safe final class Arena {
    private var chunks: [UnsafeMutableRawPointer] = unsafe []
    private var next: UnsafeMutableRawPointer?
    private var free = 0
    private var remaining: Int
    /// Whether an allocation was refused, which the C library reports no further than "nothing came of it".
    private(set) var isExhausted = false

    init(limit: Int) { remaining = limit }

    deinit {
        unsafe chunks.forEach { unsafe Glibc.free($0) }
    }

    /// Bytes without content, aligned for every C type; `nil` once the limit is reached.
    func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        guard size >= 0, size <= remaining else {
            isExhausted = true
            return nil
        }
        let rounded = max(16, (size + 15) & ~15)
        remaining -= min(remaining, rounded)
        if rounded > free {
            let chunk = max(rounded, min(4096 << min(unsafe chunks.count, 8), 1 << 20))
            guard let memory = unsafe malloc(chunk) else {
                isExhausted = true
                return nil
            }
            unsafe chunks.append(memory)
            unsafe next = memory
            free = chunk
        }
        defer {
            unsafe next = next?.advanced(by: rounded)
            free -= rounded
        }
        return unsafe next
    }
}
