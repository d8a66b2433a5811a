import Glibc

/// What the process was started with.
package enum EnvironmentVariable {
    /// `nil` if there is no such variable or it is empty.
    package static func text(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}
