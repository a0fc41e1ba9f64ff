// Imports go only downwards: every import line is held against the table of the map.

import Glibc
import Testing

@Suite("Layers")
struct LayeringTests {
  /// What each target may import, besides the standard library.
  static let allowed: [String: Set<String>] = [
    "Diagnostics": [],
    "Syntax": ["Diagnostics"],
    "TilesAVX2": ["CProcessor"],
    "TilesAVX512": ["CProcessor"],
    "Engine": ["COpenBLAS", "CProcessor", "TilesAVX2", "TilesAVX512"],
    "Autodiff": ["Engine"],
    "Plots": ["Diagnostics", "Engine"],
    "Datasets": ["Autodiff", "CPNG", "CRSVG", "CZlib", "Engine"],
    "Neural": ["Autodiff", "Engine"],
    "Explain": ["Autodiff", "CPages", "Diagnostics", "Engine"],
    "Interpreter": ["Syntax", "Autodiff", "Diagnostics", "Engine"],
    "Library": [
      "Interpreter", "Datasets", "Neural", "Explain", "Plots", "Syntax", "Autodiff", "Diagnostics",
      "Engine",
    ],
    "Lessons": [
      "CLessons", "Library", "Interpreter", "Syntax", "Autodiff", "Diagnostics", "Engine",
    ],
    "Console": [
      "CLibedit", "CEditline", "Lessons", "Library", "Explain", "Interpreter", "Syntax",
      "Autodiff", "Diagnostics", "Engine",
    ],
    "nns": [
      "ArgumentParser", "Console", "Library", "Interpreter", "Syntax", "Diagnostics", "Engine",
      "Autodiff",
    ],
  ]
  static let system: Set<String> = ["Glibc", "Synchronization"]

  @Test("a target imports only what its layer may", arguments: allowed.keys.sorted())
  func imports(_ target: String) throws {
    let folder = Files.root + "/Sources/" + target
    let permitted = (Self.allowed[target] ?? []).union(Self.system)
    let files = Files.below(folder).filter { $0.hasSuffix(".swift") }
    #expect(!files.isEmpty)
    for file in files {
      for line in try Files.read(file).split(separator: "\n") {
        let words = line.split(separator: " ").map(String.init)
        guard let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1,
          line.first == "i" || line.first == "@"
        else { continue }
        #expect(permitted.contains(words[place + 1]), "\(file) imports \(words[place + 1])")
      }
    }
  }
}

extension LayeringTests {
  @Test("threads share work in Engine alone: other targets count their objects for one thread")
  func threads() throws {
    for target in Self.allowed.keys where target != "Engine" {
      for file in Files.below(Files.root + "/Sources/" + target) where file.hasSuffix(".swift") {
        #expect(!(try Files.read(file)).contains("ThreadPool.shared.run"), "\(file) shares work")
      }
    }
  }
}

/// Files of the repository.
enum Files {
  static let root: String = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/")
  }()

  static func read(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw Missing(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  struct Missing: Error { let path: String }

  static func below(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var result: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard !name.hasPrefix(".") else { continue }
      let path = folder + "/" + name
      let inner = below(path)
      result += inner.isEmpty ? [path] : inner
    }
    return result.sorted()
  }
}
