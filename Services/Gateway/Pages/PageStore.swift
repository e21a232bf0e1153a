internal import Synchronization

/// What the gateway answers itself: the page, the API's description, and the state of the nine.
final class PageStore: Sendable {
    /// One answer.
    struct Content: Sendable {
        var status = 200
        let type: StaticString
        var caching: StaticString = "no-cache"
        let body: [UInt8]
        /// Whether it is a document, to which ``PageStore/policy`` applies.
        var isDocument = false
    }

    /// What the pages may load: only what the gateway itself serves; media also from storage through it.
    static let policy: StaticString = """
        Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
        media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n
        """

    private let health = Mutex<(ready: Bool, body: [UInt8])>((false, Array("{}".utf8)))
    private let status = Mutex<[UInt8]>(Array(#"{"modes":[],"services":[],"status":"degraded"}"#.utf8))

    init() {}

    /// Takes over the state of the nine, as JSON.
    func setHealth(_ body: [UInt8], isReady: Bool) { health.withLock { $0 = (isReady, body) } }

    /// Takes over the fleet's brown-outs, as JSON.
    func setStatus(_ body: [UInt8]) { status.withLock { $0 = body } }

    func content(_ page: Route.Page) -> Content {
        switch page {
        case .home:
            Content(type: "text/html; charset=utf-8", body: PackageResources.index_html, isDocument: true)
        case .docs: Content(type: "text/html; charset=utf-8", body: PackageResources.docs_html, isDocument: true)
        case .connect:
            // What the address carries is good for one try: nobody is to keep it.
            Content(
                type: "text/html; charset=utf-8", caching: "no-store", body: PackageResources.connect_html,
                isDocument: true)
        case .connectScript: Content(type: "text/javascript; charset=utf-8", body: PackageResources.connect_js)
        case .styles: Content(type: "text/css; charset=utf-8", body: PackageResources.site_css)
        case .pageScript: Content(type: "text/javascript; charset=utf-8", body: PackageResources.page_js)
        case .script: Content(type: "text/javascript; charset=utf-8", body: PackageResources.site_js)
        case .docsScript: Content(type: "text/javascript; charset=utf-8", body: PackageResources.docs_js)
        case .icon: Content(type: "image/svg+xml", body: PackageResources.icon_svg)
        case .openAPI: Content(type: "application/json", body: PackageResources.openapi_json)
        case .status:
            Content(type: "application/json", caching: "no-store", body: status.withLock { $0 })
        case .health:
            health.withLock {
                Content(
                    status: $0.ready ? 200 : 503, type: "application/json", caching: "no-store", body: $0.body)
            }
        }
    }
}
