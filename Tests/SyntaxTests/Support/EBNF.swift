// Reads the notation of `Grammar/nns.ebnf`.

import Glibc

/// The right side of a rule.
indirect enum Production {
  case literal(String)
  /// A rule, or a token where the name is in capitals.
  case reference(String)
  case sequence([Production])
  case choice([Production])
  case optional(Production)
  case repeated(Production)
}

struct EBNF {
  private(set) var rules: [String: Production] = [:]

  struct Malformed: Error {
    var message: String
  }

  init(_ text: String) throws {
    var reader = Reader(tokens: try EBNF.tokens(text))
    while !reader.isAtEnd {
      let name = reader.next()
      try reader.expect("=")
      guard rules.updateValue(try reader.choice(), forKey: name) == nil else {
        throw Malformed(message: "two rules are called \(name)")
      }
      try reader.expect(";")
    }
  }

  /// Names that rules refer to.
  var references: Set<String> {
    var result: Set<String> = []
    func visit(_ production: Production) {
      switch production {
      case .literal: break
      case .reference(let name): result.insert(name)
      case .sequence(let parts), .choice(let parts): parts.forEach(visit)
      case .optional(let part), .repeated(let part): visit(part)
      }
    }
    rules.values.forEach(visit)
    return result
  }

  /// How deep the shallowest derivation of each rule is.
  func heights() -> [String: Int] {
    var result: [String: Int] = [:]
    for _ in rules {
      for (name, production) in rules {
        if let height = EBNF.height(production, result) { result[name] = height + 1 }
      }
    }
    return result
  }

  /// The height of a production's shallowest derivation, nil while it isn't known.
  static func height(_ production: Production, _ known: [String: Int]) -> Int? {
    switch production {
    case .literal, .optional, .repeated: return 0
    case .reference(let name):
      return name.allSatisfy { $0.isUppercase } ? 0 : known[name]
    case .choice(let parts): return parts.compactMap { height($0, known) }.min()
    case .sequence(let parts):
      let heights = parts.map { height($0, known) }
      return heights.contains { $0 == nil } ? nil : heights.compactMap(\.self).max() ?? 0
    }
  }

  private static func tokens(_ text: String) throws -> [String] {
    var result: [String] = []
    var rest = Substring(text)
    while let first = rest.first {
      if rest.hasPrefix("(*") {
        while !rest.isEmpty, !rest.hasPrefix("*)") { rest = rest.dropFirst() }
        rest = rest.dropFirst(2)
      } else if first.isWhitespace {
        rest = rest.dropFirst()
      } else if first == "\"" {
        let inner = rest.dropFirst().prefix { $0 != "\"" }
        result.append("\"" + inner)
        rest = rest.dropFirst(inner.count + 2)
      } else if first.isLetter {
        let name = rest.prefix { $0.isLetter || $0 == "_" }
        result.append(String(name))
        rest = rest.dropFirst(name.count)
      } else if "=|;[]{}()".contains(first) {
        result.append(String(first))
        rest = rest.dropFirst()
      } else {
        throw Malformed(message: "'\(first)' has no meaning in the grammar")
      }
    }
    return result
  }

  private struct Reader {
    var tokens: [String]
    var index = 0

    init(tokens: [String]) { self.tokens = tokens }

    var isAtEnd: Bool { index >= tokens.count }
    var token: String { isAtEnd ? "" : tokens[index] }

    mutating func next() -> String {
      defer { index += 1 }
      return token
    }

    mutating func expect(_ text: String) throws {
      guard next() == text else { throw Malformed(message: "expected \(text) before \(token)") }
    }

    mutating func choice() throws -> Production {
      var parts = [try sequence()]
      while token == "|" {
        index += 1
        parts.append(try sequence())
      }
      return parts.count == 1 ? parts[0] : .choice(parts)
    }

    mutating func sequence() throws -> Production {
      var parts: [Production] = []
      while !isAtEnd, !["|", ";", "]", "}", ")"].contains(token) { parts.append(try item()) }
      return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    mutating func item() throws -> Production {
      let first = next()
      let closing = ["[": "]", "{": "}", "(": ")"]
      if let end = closing[first] {
        let inner = try choice()
        try expect(end)
        switch first {
        case "[": return .optional(inner)
        case "{": return .repeated(inner)
        default: return inner
        }
      }
      return first.hasPrefix("\"") ? .literal(String(first.dropFirst())) : .reference(first)
    }
  }
}

/// The text of a file beside the package's sources.
func repositoryFile(_ path: String, from testFile: String = #filePath) throws -> String {
  let parts = testFile.split(separator: "/", omittingEmptySubsequences: false)
  let root = parts[..<(parts.lastIndex(of: "Tests") ?? 0)]
  let full = (root + [Substring(path)]).joined(separator: "/")
  guard let file = fopen(full, "r") else { throw EBNF.Malformed(message: "cannot open \(full)") }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}
