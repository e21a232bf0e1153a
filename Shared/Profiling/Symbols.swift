internal import CProfile
internal import FoundationEssentials
internal import Glibc

/// Names the code of this process: its own, and that of the libraries that it has loaded.
final class Symbols {
    private var tables: [UInt: SymbolTable?] = [:]
    private var names: [UInt64: String] = [:]

    /// The function that holds an address, as people write it; empty where it says nothing to them. Where no symbol is known
    /// it is the file and the place in it, which `llvm-symbolizer` names with the file as it was before it was stripped.
    func name(of address: UInt64) -> String {
        if let name = names[address] { return name }
        let name = Self.readable(find(address))
        names[address] = name
        return name
    }

    /// The code of Swift's runtime that calls the next piece of a task.
    func jobs() -> Range<UInt> {
        var place = atelier_profile_place()
        guard atelier_profile_find(atelier_profile_runtime(), &place) != 0,
            let found = table(of: place)?.addresses(of: "_ZN5swift34runJobInEstablishedExecutorContext")
        else { return 0..<0 }
        return place.base + UInt(found.lowerBound)..<place.base + UInt(found.upperBound)
    }

    private func find(_ address: UInt64) -> String {
        var place = atelier_profile_place()
        guard atelier_profile_find(UInt(address), &place) != 0 else { return "[unknown]" }
        let offset = address - UInt64(place.base)
        if let name = table(of: place)?.name(at: offset) { return name }
        if let name = place.symbol { return String(cString: name) }
        return "\(String(cString: place.file).split(separator: "/").last ?? "")+0x\(String(offset, radix: 16))"
    }

    private func table(of place: atelier_profile_place) -> SymbolTable? {
        if let known = tables[place.base] { return known }
        // The loader knows the program by the name with which it was started, which may not lead to it.
        let table = SymbolTable(path: place.is_program != 0 ? "/proc/self/exe" : String(cString: place.file))
        tables[place.base] = .some(table)
        return table
    }

    /// An async function is compiled in parts, one after each `await`, and a closure with pieces that only hand it on: here
    /// they are one. Empty for what the compiler and the runtime put around a task.
    private static func readable(_ symbol: String) -> String {
        if symbol.contains("completeTask") { return "" }
        guard let text = swift_demangle(symbol, symbol.utf8.count, nil, nil, 0) else { return symbol }
        defer { free(text) }
        var name = Substring(String(cString: text))
        if name.contains("reabstraction thunk") { return "" }
        if name.hasPrefix("("), let part = name.firstRange(of: " resume partial function for ") {
            name = name[part.upperBound...]
        }
        for piece in ["partial apply forwarder for ", "merged "] where name.hasPrefix(piece) {
            name.removeFirst(piece.count)
        }
        return String(name).replacing(";", with: ",")
    }
}
