// Gradients that are sums: the terms add up by their printed digits, each says where it came from, and
// the total is what `grad` gives.

import Autodiff
import Engine
import Explain
import Testing

@Suite("Ledgers")
struct LedgerTests {
  /// The line of one element's gradient.
  private func line(_ program: WalkProgram, _ element: String) throws -> ScalarLine {
    let walk = try program.walk(2, at: element)
    for problem in Lines.problems(walk) { Issue.record("\(problem)") }
    let focus = try #require(walk.focus)
    return try #require(focus.backward.last)
  }

  /// Checks the line of one element against `grad`, and its terms against each other.
  private func check(
    _ program: WalkProgram, _ element: String, through places: [String]
  ) throws {
    let line = try line(program, element)
    #expect(line.terms.map(\.through) == places, "\(element): \(line.terms)")
    let name = element.prefix { $0 != "[" }
    let gradient = try program.numbers("grad(loss, \(name))\(element.dropFirst(name.count))")[0]
    #expect(WalkProgram.digits(line.result) == WalkProgram.digits(gradient))
    guard !places.isEmpty else { return }
    let sum = line.terms.reduce(Interval(0)) { $0 + .printed($1.value) }
    #expect(sum.meets(.printed(gradient)), "\(element): \(sum) is not \(gradient)")
    // As text: the origin stands behind every number.
    let words = program.text(try program.walk(2, at: element))
    for place in places where !line.terms.allSatisfy({ $0.formula.isValue }) {
      #expect(words.contains("(through \(place))"), "\(words)")
    }
  }

  @Test("a value used in two places")
  func twoPlaces() throws {
    let program = try WalkProgram(
      """
      param w = [0.5, -0.3]
      let h = tanh(w)
      let a = h^2
      let b = 3 * h
      let loss = sum(a * b) + sum(b)
      """)
    try program.check(["w"])
    let ledger = try #require(try program.walk().ledgers.first { $0.gradientName == "∂loss/∂h" })
    #expect(ledger.parts.map(\.step).sorted() == ["a", "b"])
    #expect(LedgerCheck.problems(ledger).isEmpty)
    #expect(ledger.total == (try program.numbers("grad(loss, h)")))
    try check(program, "h[1]", through: ["a[1]", "b[1]"])
  }

  @Test("a bias that is stretched over rows")
  func broadcastBias() throws {
    let program = try WalkProgram(
      """
      let x = [[1, 2], [3, -4], [0.5, 0.25]]
      param W = [[0.1, 0.2], [-0.3, 0.4]]
      param b = [0.7, -0.6]
      let o = x @ W + b
      let loss = sum(sigmoid(o))
      """)
    try program.check(["W", "b"])
    try check(program, "b[1]", through: ["o[0, 1]", "o[1, 1]", "o[2, 1]"])
    let note = try program.walk(3).steps.flatMap(\.parts).first { $0.operand == "b" }?.note
    #expect(note == "summed, because [2] was stretched to [3, 2]")
  }

  @Test("a batch: a term for each sample")
  func batch() throws {
    let program = try WalkProgram(
      """
      let x = [[1, 2], [3, -4], [0.5, 0.25]]
      param W = [[0.1, 0.2], [-0.3, 0.4]]
      let o = x @ W
      let loss = mse(tanh(o), zeros(3, 2))
      """)
    try program.check(["W"])
    try check(program, "W[1, 0]", through: ["o[0, 0]", "o[1, 0]", "o[2, 0]"])
  }

  @Test("a batch of many samples: the five largest and the rest")
  func manySamples() throws {
    let program = try WalkProgram(
      """
      let x = randn(130, 2)
      param W = randn(2, 1)
      let o = x @ W
      let loss = mean(o^2)
      """)
    let line = try line(program, "W[1, 0]")
    #expect(line.terms.count == 130)
    let words = FocusText.pieces(line, 6).joined(separator: " = ")
    #expect(words.contains("(125 more = "), "\(words)")
  }

  @Test("an indexed row")
  func row() throws {
    let program = try WalkProgram(
      """
      param W = [[0.1, 0.2], [-0.3, 0.4], [0.5, 0.6]]
      let r = W[1]
      let q = W[0] * W[1]
      let loss = sum(r^2) + sum(q)
      """)
    try program.check(["W"])
    let line = try line(program, "W[1, 0]")
    #expect(line.terms.count == 2)
    #expect(line.terms.first?.through == "r[0]")
    #expect(Set(line.terms.map(\.through)).count == 2)
    // Other rows get nothing from it.
    #expect(try self.line(program, "W[2, 0]").result == 0)
  }

  @Test("a row gathered twice")
  func gatheredTwice() throws {
    let program = try WalkProgram(
      """
      param E = [[0.1, 0.2], [-0.3, 0.4], [0.5, 0.6]]
      let e = E[[2, 0, 2]]
      let loss = sum(e^2 * [[1, 2], [3, 4], [5, 6]])
      """)
    try program.check(["E"])
    try check(program, "E[2, 1]", through: ["e[0, 1]", "e[2, 1]"])
    try check(program, "E[0, 1]", through: [])
    #expect(try line(program, "E[1, 0]").result == 0)
  }

  @Test("a layer that is called twice")
  func sharedLayer() throws {
    let program = try WalkProgram(
      """
      let x = [[0.5, -1]]
      let d = dense(2, 2)
      let h = tanh(d(x))
      let y = d(h)
      let loss = sum(y^2)
      """)
    try program.check(["d.weight", "d.bias"])
    let ledgers = try program.walk().ledgers
    for name in ["d.weight", "d.bias"] {
      let ledger = try #require(ledgers.first { $0.gradientName == "∂loss/∂\(name)" })
      #expect(ledger.parts.count == 2)
      #expect(Set(ledger.parts.map(\.step)).count == 2)
      #expect(ledger.total == (try program.numbers("grad(loss, \(name))")))
    }
    let line = try line(program, "d.weight[0, 1]")
    #expect(line.terms.count == 2)
    #expect(line.terms.contains { $0.through == "y[0, 1]" }, "\(line.terms)")
  }

  @Test("terms that do not add up are found")
  func wrong() throws {
    let program = try WalkProgram("param w = 3\nlet loss = w^2 + 2 * w")
    let ledger = try #require(try program.walk(3).ledgers.first)
    #expect(LedgerCheck.problems(ledger).isEmpty)
    #expect(LedgerCheck.problems(ledger, off: 0.01).count == 1)
  }
}

extension Formula {
  /// Whether it is a value alone, with a sign at most.
  fileprivate var isValue: Bool {
    switch self {
    case .value, .number: true
    case .negative(let inner): inner.isValue
    default: false
    }
  }
}
