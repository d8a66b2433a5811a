import ServerAPI
import Testing
import Vocabulary

@testable import MiniServer

/// Holds JSON against a schema of the OpenAPI document, more strictly than JSON Schema does: a member that no schema names is
/// a fault.
struct DescribedBody {
    let faults: [String]

    init(_ json: JSON, as name: String) {
        faults = Self.faults(in: json, as: .members(["$ref": .string("#/components/schemas/\(name)")]), at: name)
    }

    /// What each typed exchange of a test says has to be in the document.
    static func check<Body, Answering>(
        _ answer: RunningServer.Answer, of call: RouteCall<Body, Answering>, sending body: [UInt8]?
    ) {
        if let body { expect(body, as: BodySchema.name(of: Body.self), call.target) }
        let isProblem = answer.status >= 400
        guard isProblem || Answering.self != NoContent.self else { return }
        let name = isProblem ? BodySchema.name(of: ServerAPI.Problem.self) : BodySchema.name(of: Answering.self)
        expect(Array(answer.text.utf8), as: name, call.target)
    }

    private static func expect(_ bytes: [UInt8], as name: String, _ target: RouteTarget) {
        guard let json = try? JSON(reading: bytes) else {
            Issue.record("\(target.method.rawValue) \(target.path) speaks no JSON")
            return
        }
        let faults = DescribedBody(json, as: name).faults
        #expect(faults.isEmpty, "\(target.method.rawValue) \(target.path)")
    }

    private static let components = APIDescription.document["components"]?["schemas"]

    private static func faults(in json: JSON, as schema: JSON, at path: String) -> [String] {
        if let reference = schema["$ref"]?.string?.split(separator: "/").last {
            guard let schema = components?[String(reference)] else {
                return ["\(path): nothing describes \(reference)"]
            }
            return faults(in: json, as: schema, at: path)
        }
        let type = schema["type"]?.string
        switch (type, json) {
        case ("object", .object(let members)): return faults(in: members, as: schema, at: path)
        case ("array", .array(let items)):
            guard let schema = schema["items"] else { return ["\(path): nothing describes an item"] }
            return items.enumerated().flatMap { faults(in: $1, as: schema, at: "\(path)[\($0)]") }
        case ("string", .string(let text)): return isText(text, as: schema) ? [] : ["\(path): \(text)"]
        case ("integer", .integer(let number)):
            return schema["minimum"]?.integer.map { number < $0 } == true ? ["\(path): \(number)"] : []
        case ("boolean", .bool): return []
        default: return ["\(path): not of type \(type ?? "unknown")"]
        }
    }

    private static func faults(in members: [JSON.Member], as schema: JSON, at path: String) -> [String] {
        let required = schema["required"]?.array?.compactMap(\.string) ?? []
        let missing = required.filter { name in !members.contains { $0.name == name } }.map { "\(path).\($0): missing" }
        return missing
            + members.flatMap { member in
                let place = "\(path).\(member.name)"
                guard let schema = schema["properties"]?[member.name] ?? schema["additionalProperties"] else {
                    return ["\(place): unknown"]
                }
                return faults(in: member.value, as: schema, at: place)
            }
    }

    private static func isText(_ text: String, as schema: JSON) -> Bool {
        if let words = schema["enum"]?.array { return words.contains(.string(text)) }
        if let pattern = schema["pattern"]?.string.flatMap({ try? Regex($0) }) {
            return text.wholeMatch(of: pattern) != nil
        }
        return switch schema["format"]?.string {
        case "uuid": AgentID(text) != nil
        case "date-time": Timestamp(text) != nil
        case nil: true
        default: false
        }
    }
}
