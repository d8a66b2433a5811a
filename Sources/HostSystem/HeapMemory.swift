internal import CGlibc

/// The memory that the process has from the system and does not use.
package enum HeapMemory {
    /// Gives back every free page. Glibc does so by itself only at the end of a heap, and what one connection left there
    /// holds all that thousands of others had before it.
    package static func giveBack() { malloc_trim(0) }
}
