import AgentCore
import Certificates
import Foundation
import Glibc
import OpAMPProto
import ScriptedOpAMPServer
import TestPKI
import Testing
import Vocabulary

@testable import AgentExtension

extension ConfigurationTests {
    @Test func `a header that could not be sent, and a variable that nobody replaces, are refused with their line`()
        throws
    {
        for (value, words) in [("|\n    a\n    b", "line break"), ("\"${env:TOKEN}\"", "no variables")] {
            let refusal = try #require(throws: ConfigurationRefusal.self) {
                try HostConfiguration(yaml: Array((Self.smallest + "headers:\n  Authorization: \(value)\n").utf8))
            }
            #expect(refusal.operatorMessage.cause.contains(words), "\(refusal)")
        }
    }

    @Test func `a byte that is not UTF-8 is found by its line`() throws {
        let text = Array("a: 1\nb: caf".utf8) + [0xE9] + Array("\nc: 2\n".utf8)
        #expect(throws: YAMLRefusal.notUTF8(line: 2)) { try YAML(reading: text) }
    }

    @Test func `a number is one that is written as numbers are`() throws {
        let configuration = try HostConfiguration(
            yaml: Array(
                (Self.smallest + "agent_description: {identifying_attributes: {service.name: 0123, n: 12}}").utf8))
        let values = configuration.report.description.identifyingAttributes.map(\.value)
        #expect(values.contains(.string("0123")) && values.contains(.int(12)))
    }

    @Test func `the server gives the uid only where the file says no other`() throws {
        let asks = try HostConfiguration(yaml: Array((Self.smallest + "request_instance_uid: true").utf8))
        #expect(asks.requestsInstanceUID)
        let both = "request_instance_uid: true\ninstance_uid: 0198c9a4-0000-7000-8000-000000000000"
        #expect(throws: ConfigurationRefusal.self) { try HostConfiguration(yaml: Array((Self.smallest + both).utf8)) }
    }

    @Test func `a certificate from a pipe is not read again`() throws {
        let host = try HostDirectory()
        let holder = try TestAuthority().agent()
        try host.write(holder.certificate.pem, to: "leaf.pem")
        try host.write(holder.key.pem.revealText(), to: "key.pem")
        let text = Self.smallest + "tls: {cert_file: \(host.path)/leaf.pem, key_file: \(host.path)/key.pem}"
        #expect(try HostConfiguration(yaml: Array(text.utf8)).certificateFiles != nil)
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        defer { close(ends[0]) }
        let pem = Array(holder.certificate.pem.utf8)
        try #require(unsafe write(ends[1], pem, pem.count) == pem.count)
        close(ends[1])
        let piped = Self.smallest + "tls: {cert_file: /dev/fd/\(ends[0]), key_file: \(host.path)/key.pem}"
        let configuration = try HostConfiguration(yaml: Array(piped.utf8))
        #expect(configuration.key != nil && configuration.certificateFiles == nil)
    }
}
