// The service starts here once its runtime has landed.
@main
enum App {
    static func main() {}
}
