import FoundationEssentials
import HTTP
import Primitives
import Testing

struct RouterTests {
    private func router() -> Router {
        var routes = Router()
        routes.get("/projects") { _ in .text("list") }
        routes.get("/projects/new") { _ in .text("new") }
        routes.get("/projects/{id}") { .text("project \(try $0.parameter("id"))") }
        routes.get("/projects/{id}/runs/{run}") { .text("\(try $0.parameter("id")) \(try $0.parameter("run"))") }
        routes.get("/files/{path...}") { .text("file \(try $0.parameter("path"))") }
        routes.delete("/projects/{id}") { _ in .noContent }
        return routes
    }

    private func ask(_ method: HTTPMethod, _ target: String, _ routes: Router? = nil) async -> (Int, String) {
        let answer = await (routes ?? router()).respond(to: HTTPRequest(method: method, target: target))
        guard case .data(let data) = answer.body else { return (answer.status.rawValue, "") }
        return (answer.status.rawValue, String(decoding: data, as: UTF8.self))
    }

    @Test(arguments: [
        ("/projects", "list"), ("/projects/", "list"), ("/projects/new", "new"), ("/projects/7", "project 7"),
        ("/projects/a%2F..%2Fb", "project a/../b"), ("/projects/7/runs/8?x=/projects", "7 8"),
        ("/files/a/b%20c", "file a/b c"), ("/files", "file "),
    ])
    func finds(target: String, answer: String) async { #expect(await ask(.GET, target) == (200, answer)) }

    @Test(arguments: [
        "/", "/project", "/projects//7", "/projects/../x", "/projects/%zz", "/projects/7/runs", "/projects/%00",
    ])
    func findsNothing(target: String) async { #expect(await ask(.GET, target).0 == 404) }

    @Test func tellsWhatIsAllowed() async {
        let answer = await router().respond(to: HTTPRequest(method: .PATCH, target: "/projects/7"))
        #expect(answer.status == .methodNotAllowed)
        #expect(answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS")
        #expect(await router().respond(to: HTTPRequest(method: .OPTIONS, target: "/projects")).status == .noContent)
        #expect(await ask(.HEAD, "/projects").0 == 200)
    }

    @Test func middlewareWrapsFromOutsideIn() async {
        var routes = Router()
        func mark(_ name: String) -> Middleware {
            { request, next in
                var answer = try await next(request)
                answer.headers.add("X-Order", name)
                return answer
            }
        }
        routes.wrap(mark("outer"))
        routes.group(mark("group")) { $0.get("/a") { _ in .noContent } }
        routes.get("/b") { _ in .noContent }
        let inner = await routes.respond(to: HTTPRequest(method: .GET, target: "/a"))
        #expect(inner.headers.all("X-Order") == ["group", "outer"])
        #expect(await routes.respond(to: HTTPRequest(method: .GET, target: "/b")).headers.all("X-Order") == ["outer"])
    }

    @Test func namesRoutesByTemplate() {
        #expect(router().match(.GET, path: "/projects/9").template == "/projects/{id}")
        #expect(router().match(.GET, path: "/nothing").template == nil)
        #expect(router().routes.count == 6)
    }
}
