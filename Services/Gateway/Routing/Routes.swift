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
        // The address that networks know: it has no prefix, and does not change.
        page("/social-accounts/callback", .connect), page("/connect.js", .connectScript),
        page("/page.js", .pageScript),
        page(api + "/openapi.json", .openAPI), page(api + "/status", .status),
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
        route(.get, "/projects/{id}/versions", .project, rule: .projects),
        route(.get, "/jobs", .project),
        route(.get, "/jobs/{id}", .project),
        route(.post, "/jobs/{id}/cancel", .project),
        route(.post, "/jobs/{id}/retry", .project),
        route(.get, "/workflows", .project),
        route(.get, "/workflows/{id}", .project),
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
        route(.post, "/assets/{id}/links", .storage),
        route(.get, "/media/{token}/content", .storage, access: .open, isMedia: true),
        route(.get, "/media/{token}/renditions/{name*}", .storage, access: .open, isMedia: true),
        route(.post, "/uploads", .storage, content: .file, isTus: true),
        route([.head, .patch, .post, .delete], "/uploads/{id}", .storage, content: .file, isTus: true),
    ]

    private static let workers = [
        route(.post, "/assets/{id}/photo-edits", .mediaWorker),
        route(.post, "/assets/{id}/transcodes", .mediaWorker),
        route(.post, "/videos/render", .mediaWorker, rule: .render),
        route(.post, "/assets/generate", .mlWorker, rule: .generate),
    ]

    private static let publisher = [
        route([.get, .post], "/social-accounts", .publisher),
        route(.post, "/social-accounts/callback", .publisher),
        route(.delete, "/social-accounts/{id}", .publisher),
        route(.post, "/publish", .publisher, rule: .publish),
        route(.get, "/publications", .publisher),
        route(.get, "/publications/{id}", .publisher),
        route(.post, "/publications/{id}/cancel", .publisher),
        route(.get, "/calendar", .publisher),
    ]

    private static let notifier = [
        route(.get, "/notifications", .notifier),
        route(.post, "/notifications/read", .notifier),
        route(.post, "/notifications/{id}/read", .notifier),
        route([.get, .put], "/preferences", .notifier),
        route([.get, .post], "/webhooks", .notifier),
        route([.get, .patch, .delete], "/webhooks/{id}", .notifier),
        route(.post, "/webhooks/{id}/rotate-secret", .notifier),
        route(.get, "/webhooks/{id}/deliveries", .notifier),
        route(.get, "/events", .notifier, isLongLived: true),
        route(.get, "/realtime", .notifier, isLongLived: true),
    ]

    private static let analytics = [
        route(.post, "/analytics/events", .analytics),
        route(.get, "/analytics/metrics", .analytics),
    ]

    /// Named in the design and built later: 501, and absent from the API's description.
    private static let later = [
        notBuilt(.post, "/analysis/semantic", "Semantic analysis"),
        notBuilt(.post, "/analysis/extract-scenes", "Extraction of scenes"),
        notBuilt(.post, "/analysis/summarize", "Summaries"),
        notBuilt(.get, "/analysis/status/{id}", "Text analysis"),
        notBuilt([.get, .post], "/approvals/{id}", "Approval of steps"),
        notBuilt(.get, "/analytics/insights", "Insights"),
        notBuilt(.get, "/analytics/trends", "Trends"),
        notBuilt([.get, .post], "/reports", "Reports"),
        notBuilt(.get, "/stream/audio/{id}", "Adaptive audio"),
    ]

    private static func notBuilt(_ methods: MethodSet, _ path: String, _ name: String) -> Route {
        Route(template: api + path, methods: methods, target: .notBuilt(name))
    }
}
