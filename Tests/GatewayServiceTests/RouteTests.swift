import Testing

@testable import GatewayService

struct RouteTests {
    private let tree = RouteTree(Routes.all)

    private func match(_ method: RequestMethod, _ path: String) -> String {
        Array(path.utf8).withUnsafeBytes { bytes in
            switch tree.match(bytes, method) {
            case .found(let index): tree.routes[index].template
            case .otherMethods(let methods, _): "405 \(methods.list)"
            case .none: "404"
            }
        }
    }

    @Test("Paths find their routes, a literal before a parameter")
    func paths() {
        #expect(match(.get, "/") == "/")
        #expect(match(.get, "/api/v1/projects") == "/api/v1/projects")
        #expect(match(.head, "/api/v1/projects/7") == "/api/v1/projects/{id}")
        #expect(match(.post, "/api/v1/assets/generate") == "/api/v1/assets/generate")
        #expect(
            match(.get, "/api/v1/assets/abc/renditions/hls/720p/seg0.ts") == "/api/v1/assets/{id}/renditions/{name*}")
        #expect(match(.delete, "/api/v1/projects").hasPrefix("405 GET, HEAD, POST"))
    }

    @Test(
        "What is not in the table is not reachable",
        arguments: [
            "/internal/v1/assets", "/api/v1/internal/v1/assets", "/metrics", "/health/ready", "/api/v2/projects",
            "/api/v1/projects/", "/api/v1/projects/7/8/9", "/api/v1", "/api/v1/media", "/api/v1/media/",
            "/API/v1/projects",
        ])
    func unreachable(path: String) { #expect(match(.get, path) == "404") }

    @Test("No route leads to the internal interface, and none stands twice")
    func table() {
        var seen = Set<String>()
        for route in Routes.all {
            #expect(!route.template.contains("internal"))
            for method in RequestMethod.allCases where route.methods.contains(method) {
                #expect(seen.insert("\(method) \(route.template)").inserted, "\(method) \(route.template) twice")
            }
        }
    }

    @Test("Only signing in, signed links, keys, pages and the fleet's state need no token")
    func open() {
        let open = Routes.all.filter { $0.access != .person }.map(\.template)
        for template in open {
            #expect(
                template.hasPrefix("/api/v1/auth/") || template.hasPrefix("/api/v1/media/")
                    || !template.hasPrefix("/api/v1/")
                    || ["/api/v1/openapi.json", "/api/v1/status"].contains(template),
                "\(template)")
        }
    }
}
