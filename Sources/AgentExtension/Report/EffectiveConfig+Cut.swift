import OpAMPProto

extension EffectiveConfig {
    /// The same, or as much of it as a report may have: a report that is too large would not be sent at all. What was left out
    /// is marked where it was.
    ///
    /// - Parameter limit: bytes of all names and bodies, the marks not counted.
    func cut(to limit: Int) -> EffectiveConfig {
        guard let files = configMap?.configMap,
            files.reduce(0, { $0 + $1.key.utf8.count + $1.value.body.count }) > limit
        else { return self }
        var left = limit
        var reported: [String: AgentConfigFile] = [:]
        for (name, file) in files.sorted(by: { $0.key < $1.key }) {
            left -= name.utf8.count
            guard left >= 0 else { break }
            reported[name] = file.cut(to: left)
            left -= min(left, file.body.count)
        }
        return EffectiveConfig(configMap: AgentConfigMap(configMap: reported))
    }
}

extension AgentConfigFile {
    fileprivate func cut(to limit: Int) -> AgentConfigFile {
        guard body.count > limit else { return self }
        var end = limit
        // Not inside of a UTF-8 character.
        while end > 0, body[end] & 0xC0 == 0x80 { end -= 1 }
        var file = self
        file.body = Array(body[..<end]) + Array("\n[cut: \(end) of \(body.count) bytes are reported]\n".utf8)
        return file
    }
}
