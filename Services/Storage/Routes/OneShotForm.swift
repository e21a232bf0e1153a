import FoundationEssentials
import HTTP

/// An upload in one piece: raw content, or the file of a form.
struct OneShotForm {
    private let request: HTTPRequest
    private(set) var filename: String
    private var project: String?

    init(_ request: HTTPRequest) {
        self.request = request
        filename = Filename.clean(request.query["filename"])
        project = request.query["projectId"]
    }

    /// - Throws: ``Problem`` 400 where it is no UUID.
    var projectID: UUID? {
        get throws {
            guard let project, !project.isEmpty else { return nil }
            guard let id = UUID(uuidString: project) else {
                throw Problem.invalid(field: "projectId", reason: "must be a UUID")
            }
            return id
        }
    }

    mutating func read(into content: StagedContent) async throws {
        _ = try projectID
        guard request.contentType == "multipart/form-data" else { return try await content.append(request.body) }
        guard var parser = MultipartParser(contentType: request.headers["Content-Type"] ?? "") else {
            throw Problem.invalid(field: "Content-Type", reason: "must name a boundary")
        }
        var current: String?
        var isFile = false
        var hasFile = false
        var fields: [String: Data] = [:]
        var offset: Int64 = 0
        for try await chunk in request.body {
            for event in try Self.feed(&parser, chunk) {
                switch event {
                case .part(let name, let filename):
                    current = name
                    isFile = filename != nil || name == "file"
                    guard isFile else { continue }
                    if hasFile { throw Problem.invalid(field: "file", reason: "may be there once") }
                    hasFile = true
                    if request.query["filename"] == nil { self.filename = Filename.clean(filename) }
                case .data(let data) where isFile: offset = try await content.append(data, at: offset)
                case .data(let data):
                    guard let current, fields[current, default: Data()].count + data.count <= 4096 else {
                        throw Problem.contentTooLarge(limit: 4096)
                    }
                    fields[current, default: Data()].append(data)
                case .end: break
                }
            }
        }
        guard parser.isDone else { throw Problem.invalid(field: "the form", reason: "ends too early") }
        guard hasFile else { throw Problem.invalid(field: "file", reason: "is required") }
        if let data = fields["projectId"] { project = String(decoding: data, as: UTF8.self) }
        if let data = fields["filename"] { filename = Filename.clean(String(decoding: data, as: UTF8.self)) }
        _ = try projectID
    }

    private static func feed(_ parser: inout MultipartParser, _ chunk: Data) throws -> [MultipartParser.Event] {
        do { return try parser.feed(chunk) } catch {
            if error.isTooMuch {
                throw Problem(.contentTooLarge, code: "too_many_parts", detail: "The form \(error.reason).")
            }
            throw Problem.invalid(field: "the form", reason: error.reason)
        }
    }
}
