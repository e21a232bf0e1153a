import ServiceKit

@main
enum App {
    static func main() async { await definition.main() }
}
