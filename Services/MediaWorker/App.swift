import ServiceKit

@main
enum App {
    static func main() async {
        // The same executable, run again by itself for one piece of hostile media: see DecodeSandbox.
        if CommandLine.arguments.dropFirst().first == DecodeChild.word { DecodeChild.run() }
        await definition.main()
    }
}
