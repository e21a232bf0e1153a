/// A node of the tree of routes: one path segment.
struct Node: Sendable {
    struct Route: Sendable {
        let template: String
        let handler: Handler
    }

    var routes: [HTTPMethod: Route] = [:]
    private var fixed: [String: Node] = [:]
    private var variables: [(name: String, node: Node)] = []
    private var rest: (name: String, routes: [HTTPMethod: Route])?

    mutating func insert(
        _ segments: ArraySlice<String>, template: String, method: HTTPMethod, handler: @escaping Handler
    ) {
        let route = Route(template: template, handler: handler)
        guard let segment = segments.first else {
            precondition(routes[method] == nil, "two routes for \(method) \(template)")
            routes[method] = route
            return
        }
        if segment.hasPrefix("{"), segment.hasSuffix("...}") {
            precondition(segments.count == 1, "a rest must be the last segment: \(template)")
            let name = String(segment.dropFirst().dropLast(4))
            var found = rest ?? (name, [:])
            found.routes[method] = route
            rest = found
        } else if segment.hasPrefix("{"), segment.hasSuffix("}") {
            let name = String(segment.dropFirst().dropLast())
            let index = variables.firstIndex { $0.name == name } ?? variables.count
            if index == variables.count { variables.append((name, Node())) }
            variables[index].node.insert(segments.dropFirst(), template: template, method: method, handler: handler)
        } else {
            fixed[segment, default: Node()].insert(
                segments.dropFirst(), template: template, method: method, handler: handler)
        }
    }

    func find(_ segments: ArraySlice<String>, _ parameters: inout [String: String]) -> Node? {
        if let segment = segments.first {
            if let found = fixed[segment]?.find(segments.dropFirst(), &parameters) { return found }
            for (name, node) in variables {
                if let found = node.find(segments.dropFirst(), &parameters) {
                    parameters[name] = segment
                    return found
                }
            }
        } else if !routes.isEmpty {
            return self
        }
        guard let rest else { return nil }
        parameters[rest.name] = segments.joined(separator: "/")
        var node = Node()
        node.routes = rest.routes
        return node
    }

    var all: [(HTTPMethod, String, Handler)] {
        let own = routes.map { ($0.key, $0.value.template, $0.value.handler) }
        let below = fixed.values.flatMap(\.all) + variables.flatMap(\.node.all)
        let remaining = rest?.routes.map { ($0.key, $0.value.template, $0.value.handler) } ?? []
        return own + below + remaining
    }
}
