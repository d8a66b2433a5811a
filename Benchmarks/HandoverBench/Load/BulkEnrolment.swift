import BareClient
import Certificates
import Drill
import OpAMPProto
import OperatorClient
import ServerAPI
import Vocabulary

/// Many leaves from the server's own authority, each over a bootstrap token and a signing request.
enum BulkEnrolment {
    private struct Applicant: Sendable {
        var uid: InstanceUID
        var name: String
        var key: PrivateKey
        var request: SigningRequest
        var token: String
    }

    static func enrol(_ count: Int, named prefix: String, at server: ServerProcess) async throws -> [BenchAgent] {
        let api = try await server.api
        let tokens = try await together(Array(0..<count)) { _ -> String in
            let token = try await api.call(
                OperatorRoutes.createBootstrapToken(), sending: BootstrapTokenRequest(ttlSeconds: 7200))
            return token.text
        }
        let applicants = try tokens.enumerated().map { index, token in
            let key = try PrivateKey.generateP256()
            return Applicant(
                uid: BenchAgent.freshUID(), name: "\(prefix)-\(index + 1)", key: key,
                request: try SigningRequest(key: key, subject: "bench"), token: token)
        }
        let door = try await server.door
        return try await onThread { try apply(applicants, at: door) }
    }

    private static func apply(_ applicants: [Applicant], at door: Door) throws -> [BenchAgent] {
        let load = try Load(door)
        var agents: [BenchAgent] = []
        for start in stride(from: 0, to: applicants.count, by: 64) {
            let group = applicants[start..<min(start + 64, applicants.count)]
            for applicant in group {
                var voice = AgentVoice(uid: applicant.uid, name: applicant.name, over: .webSocket)
                let report = try voice.firstReport(asking: applicant.request)
                try load.enrol(voice, bearer: applicant.token, report) { answer in
                    guard let leaf = answer.connectionSettings?.opamp?.certificate?.cert else {
                        throw BenchFailure.refused(answer.errorResponse?.errorMessage ?? "no leaf came")
                    }
                    agents.append(
                        BenchAgent(
                            identity: try BareIdentity(
                                certificate: String(decoding: leaf, as: UTF8.self),
                                key: applicant.key.pem.revealText()),
                            uid: applicant.uid, name: applicant.name))
                }
            }
            try load.run("enrolling") { agents.count == min(start + 64, applicants.count) }
        }
        return agents
    }
}

/// The same request for each, a few at a time; the answers in the order of the questions.
func together<Question: Sendable, Answer: Sendable>(
    _ questions: [Question], atOnce: Int = 8, _ ask: @escaping @Sendable (Question) async throws -> Answer
) async throws -> [Answer] {
    try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
        var answers = [Int: Answer]()
        for (index, question) in questions.enumerated() {
            if index >= atOnce, let (asked, answer) = try await group.next() { answers[asked] = answer }
            group.addTask { (index, try await ask(question)) }
        }
        for try await (asked, answer) in group { answers[asked] = answer }
        return questions.indices.compactMap { answers[$0] }
    }
}
