/// Finds the routes of a path, segment by segment: a literal goes before a parameter.
struct RouteTree: Sendable {
    /// What a path has.
    enum Match {
        case found(Int)
        /// The path exists, the method does not.
        case otherMethods(MethodSet, Int)
        case none
    }

    private struct Node: Sendable {
        var literals: [(text: [UInt8], node: Int)] = []
        var parameter: Int?
        /// Routes of this path, by index.
        var routes: [Int] = []
        /// Routes of this path and all below it.
        var tail: [Int] = []
    }

    let routes: [Route]
    private var nodes = [Node()]

    init(_ routes: [Route]) {
        self.routes = routes
        for index in routes.indices { insert(index) }
    }

    private mutating func insert(_ index: Int) {
        var node = 0
        for segment in routes[index].segments {
            if segment.hasSuffix("*}") {
                nodes[node].tail.append(index)
                return
            }
            if segment.hasPrefix("{") {
                if let next = nodes[node].parameter {
                    node = next
                } else {
                    nodes.append(Node())
                    nodes[node].parameter = nodes.count - 1
                    node = nodes.count - 1
                }
            } else if let next = nodes[node].literals.first(where: { $0.text == Array(segment.utf8) })?.node {
                node = next
            } else {
                nodes.append(Node())
                nodes[node].literals.append((Array(segment.utf8), nodes.count - 1))
                node = nodes.count - 1
            }
        }
        nodes[node].routes.append(index)
    }

    /// The route of a path and a method. HEAD is answered where GET is.
    /// - Parameter method: `nil` for one that no route has.
    func match(_ path: UnsafeRawBufferPointer, _ method: RequestMethod?) -> Match {
        let candidates = find(path, from: 1, node: 0)
        guard !candidates.isEmpty else { return .none }
        let wanted: RequestMethod? = method == .head ? .get : method
        var others: MethodSet = []
        for index in candidates {
            let methods = routes[index].methods
            if let method, let wanted, methods.contains(method) || methods.contains(wanted) { return .found(index) }
            others.formUnion(methods)
        }
        if others.contains(.get) { others.insert(.head) }
        return .otherMethods(others, candidates[0])
    }

    private func find(_ path: UnsafeRawBufferPointer, from start: Int, node: Int) -> [Int] {
        if start >= path.count { return nodes[node].routes }
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        let segment = UnsafeRawBufferPointer(rebasing: path[start..<end])
        // A slash at the end is another path, which nobody has.
        let isLast = end == path.count
        if !segment.isEmpty {
            for literal in nodes[node].literals
            where literal.text.count == segment.count && literal.text.withUnsafeBytes({ $0.elementsEqual(segment) }) {
                if !isLast, end + 1 == path.count { break }
                let found = find(path, from: end + 1, node: literal.node)
                if !found.isEmpty { return found }
            }
            if let parameter = nodes[node].parameter, isLast || end + 1 < path.count {
                let found = find(path, from: end + 1, node: parameter)
                if !found.isEmpty { return found }
            }
            return nodes[node].tail
        }
        return []
    }
}
