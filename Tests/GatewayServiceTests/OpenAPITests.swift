import FoundationEssentials
import Primitives
import Testing

@testable import GatewayService

/// The description of the API and the routing table say the same.
struct OpenAPITests {
    private let document: JSONValue

    init() throws {
        document = try JSON.decode(
            JSONValue.self, from: Data(PageStore().content(.openAPI).body))
    }

    private var operations: [String: JSONValue] {
        get throws {
            var found: [String: JSONValue] = [:]
            for (path, methods) in try #require(document["paths"]?.objectValue) {
                for (method, operation) in methods.objectValue ?? [:] {
                    found["\(method.uppercased()) \(path)"] = operation
                }
            }
            return found
        }
    }

    @Test("Every route that is built is described, and nothing else is")
    func complete() throws {
        var routed = Set<String>()
        for route in Routes.all {
            if case .notBuilt = route.target { continue }
            if case .page(let page) = route.target, ![.openAPI, .health, .status, .connect].contains(page) { continue }
            let path = route.template.split(separator: "*").joined()
            var methods = route.methods
            if route.isTus { methods.insert(.options) }
            if methods.contains(.get) { methods.remove(.head) }
            for method in RequestMethod.allCases where methods.contains(method) {
                routed.insert("\(method.name) \(path)")
            }
        }
        let described = Set(try operations.keys)
        #expect(described.subtracting(routed) == [], "described, but not routed")
        #expect(routed.subtracting(described) == [], "routed, but not described")
    }

    @Test("What the description says of tokens is what the table does")
    func security() throws {
        for (name, operation) in try operations where !name.hasPrefix("OPTIONS") {
            let isOpen = operation["security"]?.arrayValue.map { $0.isEmpty || $0.contains(.object([:])) } ?? false
            let path = String(name.split(separator: " ")[1])
            let route = try #require(
                Routes.all.first { $0.template.split(separator: "*").joined() == path && $0.access == .person } == nil
                    ? "open" : "person")
            #expect(isOpen == (route == "open"), "\(name)")
        }
    }

    @Test("Every reference leads somewhere, and every operation has a name of its own")
    func references() throws {
        func check(_ value: JSONValue) {
            switch value {
            case .object(let members):
                if let reference = members["$ref"]?.stringValue {
                    let target = reference.split(separator: "/").dropFirst().reduce(Optional(document)) {
                        $0?[String($1)]
                    }
                    #expect(target != nil, "\(reference)")
                }
                members.values.forEach(check)
            case .array(let items): items.forEach(check)
            default: break
            }
        }
        check(document)
        let names = try operations.values.compactMap { $0["operationId"]?.stringValue }
        #expect(names.count == Set(names).count)
        #expect(try names.count == operations.count)
        #expect(document["openapi"] == "3.1.0")
    }
}
