// Random programs from a grammar: rules are expanded at random up to a budget, tokens are written
// with random spaces, line ends and comments where the language allows them.

/// A small seeded stream of numbers (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

struct Derivation {
  private let grammar: EBNF
  private let heights: [String: Int]
  private var numbers: SeededNumbers
  private var budget: Int
  /// The rules that are being expanded, outermost first.
  private var rules: [String] = []
  /// How many holes each call that is being expanded has.
  private var holes: [Int] = []
  private var places: [Place] = []
  private var text = ""
  private var counter = 0
  /// Whether the string at a depth of rules has been opened.
  private var openQuotes: [Int: Bool] = [:]

  /// What surrounds a token.
  private enum Place { case group, block, string }

  private init(_ grammar: EBNF, _ heights: [String: Int], seed: UInt64, budget: Int) {
    self.grammar = grammar
    self.heights = heights
    self.numbers = SeededNumbers(seed: seed)
    self.budget = budget
  }

  static func program(
    _ grammar: EBNF, _ heights: [String: Int], seed: UInt64, budget: Int
  ) -> String {
    var derivation = Derivation(grammar, heights, seed: seed, budget: budget)
    derivation.expand(.reference("program"))
    return derivation.text
  }
}

// MARK: - Rules

extension Derivation {
  private mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &numbers) < percent
  }

  private mutating func expand(_ production: Production) {
    switch production {
    case .literal(let literal): write(literal)
    case .reference(let name):
      if name.allSatisfy(\.isUppercase), grammar.rules[name] == nil { return token(name) }
      budget -= 1
      rules.append(name)
      if name == "arguments" { holes.append(0) }
      if name == "hole", !holes.isEmpty { holes[holes.count - 1] += 1 }
      if let rule = grammar.rules[name] { expand(rule) }
      if name == "arguments" { holes.removeLast() }
      rules.removeLast()
    case .sequence(let parts): for part in parts { expand(part) }
    case .choice(let parts): expand(choose(parts))
    case .optional(let part): if budget > 0, chance(40), isAllowed(part) { expand(part) }
    case .repeated(let part):
      let times = rules.last == "program" ? 6 : Int.random(in: 0...2, using: &numbers)
      for _ in 0..<times where budget > 0 && (rules.last == "program" || chance(45)) {
        expand(part)
      }
    }
  }

  private mutating func choose(_ parts: [Production]) -> Production {
    let allowed = parts.filter(isAllowed)
    if budget <= 0 {
      return allowed.min {
        EBNF.height($0, heights) ?? .max < EBNF.height($1, heights) ?? .max
      } ?? parts[0]
    }
    return allowed[Int.random(in: 0..<allowed.count, using: &numbers)]
  }

  /// What the comments of the grammar ask for.
  private func isAllowed(_ production: Production) -> Bool {
    guard case .reference(let name) = production else { return true }
    switch name {
    case "jump": return surrounding(["loop"], before: ["signature", "lambda", "model", "test"])
    case "return": return surrounding(["signature", "lambda"], before: ["model", "test"])
    case "hole": return holes.last == 0
    default: return true
    }
  }

  /// Whether one of some rules is being expanded, nearer than those that hide it; a function's
  /// parameters do not belong to its body.
  private func surrounding(_ wanted: Set<String>, before hiding: Set<String>) -> Bool {
    var isInParameters = false
    for rule in rules.reversed() {
      if rule == "parameters" { isInParameters = true }
      if (rule == "signature" || rule == "lambda"), isInParameters {
        isInParameters = false
        continue
      }
      if wanted.contains(rule) { return true }
      if hiding.contains(rule) { return false }
    }
    return false
  }
}

// MARK: - Tokens

extension Derivation {
  private mutating func token(_ name: String) {
    switch name {
    case "NAME": write(newName())
    case "WORD":
      // The fields of a record have different names.
      let mayRepeat = rules.last != "entry" && chance(15)
      write(mayRepeat ? pick(["if", "in", "none", "let", "e5"]) : newName())
    case "NUMBER": write(pick(["0", "7", "12", "1_000", "0.5", "1e-3", "2.50", "1E+4"]))
    case "SIZE": write(pick(["1", "3", "1_0"]))
    case "QUOTED": write(pick(["\"layers.nns\"", "\"a {{b}} \\n\"", "\"\""]))
    case "TEXT": text += pick(["abc", "σ 変", "{{", "}}", "\\n", "\\u{3c3}", "it's", "# no"])
    case "SPEC": text += pick([":.2f", ":>8", ":,", ":\"^9"])
    case "QUOTE": quote()
    case "NEWLINE": newline()
    default: write(name)
    }
  }

  private mutating func pick(_ choices: [String]) -> String {
    choices[Int.random(in: 0..<choices.count, using: &numbers)]
  }

  private mutating func newName() -> String {
    if rules.last == "primary", chance(10) {
      return pick(["model", "layer", "param", "test", "forward"])
    }
    counter += 1
    return pick(["x", "loss", "σ", "∂w", "変", "e", "W_", "_h", "node", "alpha_beta", "x₁"])
      + String(counter)
  }

  private mutating func quote() {
    if places.last == .string, rules.last == "string", openQuotes[rules.count] == true {
      places.removeLast()
      openQuotes[rules.count] = nil
      text += "\""
    } else {
      write("\"")
      places.append(.string)
      openQuotes[rules.count] = true
    }
  }

  private mutating func newline() {
    if places.contains(.string) { return write(";") }
    if chance(15) { text += pick(["  # note", "# => 3", " ## not documentation"]) }
    text += chance(5) ? "\r\n" : "\n"
    while chance(15) { text += pick(["\n", "  # on its own\n", "\t\n", "## documentation\n"]) }
  }

  private mutating func write(_ literal: String) {
    if literal == "'" {
      text += "'"
      return
    }
    if literal != ";" { space() }
    text += literal
    let isInString = rules.last == "string"
    switch literal {
    case "(", "[": places.append(.group)
    case "{":
      places.append(rules.last == "block" || rules.last == "model" ? .block : .group)
    case ")", "]", "}": if !places.isEmpty { places.removeLast() }
    default: break
    }
    if isInString { text += " " }
  }

  /// White space before a token: line ends and comments only in brackets that are in no string.
  private mutating func space() {
    guard places.last == .group, !places.contains(.string), chance(8) else {
      text += chance(10) ? "  " : " "
      return
    }
    text += pick(["\n", "\n  ", "  # why\n", "\n# alone\n\n"])
  }
}
