/// Every route of the public API (`design.md` §3), with the service that owns it. What is not here is not reachable:
/// above all `/internal`, and the services' private listeners.
enum Routes {
    static let all: [Route] = pages + user + project + storage + workers + publisher + notifier + analytics + later

    private static let api = "/api/v1"
    private static let read: MethodSet = [.get, .head]

    private static func route(
        _ methods: MethodSet, _ path: String, _ owner: UpstreamName, access: Route.Access = .person,
        content: Route.Content = .json, rule: RateRule.Name? = nil, isLongLived: Bool = false, isMedia: Bool = false,
        isTus: Bool = false
    ) -> Route {
        Route(
            template: api + path, methods: methods, target: .upstream(owner), access: access, content: content,
            rule: rule, isLongLived: isLongLived, isMedia: isMedia, isTus: isTus)
    }

    private static func page(_ path: String, _ page: Route.Page) -> Route {
        Route(template: path, methods: read, target: .page(page), access: .open)
    }

    private static let pages = [
        page("/", .home), page("/site.css", .styles), page("/site.js", .script), page("/icon.svg", .icon),
        page("/docs", .docs), page("/docs.js", .docsScript), page("/health", .health),
        page(api + "/openapi.json", .openAPI),
        Route(
            template: "/.well-known/jwks.json", methods: read, target: .upstream(.user), access: .open),
    ]

    private static let user = [
        route(.post, "/auth/register", .user, access: .signIn),
        route(.post, "/auth/login", .user, access: .signIn),
        route(.post, "/auth/refresh", .user, access: .signIn),
        route(.post, "/auth/logout", .user, access: .signIn),
        route([.get, .patch], "/me", .user),
    ]

    private static let project = [
        route([.get, .post], "/projects", .project, rule: .projects),
        route([.get, .patch, .delete], "/projects/{id}", .project, rule: .projects),
        route(.get, "/jobs", .project),
        route(.get, "/jobs/{id}", .project),
        route(.post, "/jobs/{id}/cancel", .project),
        route(.post, "/jobs/{id}/retry", .project),
        route(.get, "/workflows", .project),
        route(.post, "/workflows/{id}/runs", .project),
        route(.get, "/runs", .project),
        route(.get, "/runs/{id}", .project),
        route(.post, "/runs/{id}/cancel", .project),
        route(.post, "/runs/{id}/retry", .project),
    ]

    private static let storage = [
        route(.get, "/assets", .storage),
        route(.post, "/assets", .storage, content: .file),
        route([.get, .delete], "/assets/{id}", .storage),
        route(.get, "/assets/{id}/content", .storage, isMedia: true),
        route(.get, "/assets/{id}/renditions", .storage),
        route(.get, "/assets/{id}/renditions/{name*}", .storage, isMedia: true),
        route(.get, "/media/{path*}", .storage, access: .open, isMedia: true),
        route(.post, "/uploads", .storage, content: .file, isTus: true),
        route([.patch, .delete, .head], "/uploads/{id}", .storage, content: .file, isTus: true),
        route(.get, "/stream/audio/{id}", .storage, isMedia: true),
    ]

    private static let workers = [
        route(.post, "/assets/{id}/photo-edits", .mediaWorker),
        route(.post, "/assets/{id}/transcodes", .mediaWorker),
        route(.post, "/videos/render", .mediaWorker, rule: .render),
        route(.post, "/assets/generate", .mlWorker, rule: .generate),
        route(.post, "/analysis/semantic", .mlWorker),
        route(.post, "/analysis/extract-scenes", .mlWorker),
        route(.post, "/analysis/summarize", .mlWorker),
        route(.get, "/analysis/status/{id}", .mlWorker),
    ]

    private static let publisher = [
        route(.post, "/publish", .publisher, rule: .publish),
        route(.get, "/publications", .publisher),
        route(.get, "/publications/{id}", .publisher),
        route(.get, "/social-accounts", .publisher),
        route(.get, "/calendar", .publisher),
    ]

    private static let notifier = [
        route(.get, "/notifications", .notifier),
        route(.get, "/events", .notifier, isLongLived: true),
        route(.get, "/realtime", .notifier, isLongLived: true),
    ]

    private static let analytics = [
        route(.post, "/analytics/events", .analytics),
        route(.get, "/analytics/metrics", .analytics),
    ]

    /// Named in the design and built later.
    private static let later: [Route] = []
}
