import ServiceKit

@main
enum App {
    static func main() async { await UserApplication.definition.main() }
}
