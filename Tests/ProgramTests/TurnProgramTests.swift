// Programs with loops, made at random, give the same when turns are recognised as when every turn is
// recorded anew.

import Diagnostics
import Engine
import Interpreter
import Library
import Testing

@Suite("Turns of programs")
struct TurnProgramTests {
  @Test("300 random loops", arguments: 0..<6)
  func randomLoops(block: Int) {
    #expect(Self.repeating(block * 50..<block * 50 + 50) { $0.text() } != nil)
  }

  @Test("100 random loops of many turns, run without being interpreted", arguments: 0..<4)
  func manyTurns(block: Int) {
    let seeds = 1000 + block * 25..<1025 + block * 25
    #expect(Self.repeating(seeds) { $0.manyTurns() } ?? 0 > 12)
  }

  @Test("200 random trainings by epochs, run without being interpreted", arguments: 0..<4)
  func manyEpochs(block: Int) {
    let seeds = 2000 + block * 50..<2050 + block * 50
    #expect(Self.repeating(seeds) { $0.manyEpochs() } ?? 0 > 8)
  }

  /// How many of the programs of some seeds repeat turns; nil where one gives something else than when
  /// every turn is recorded anew.
  private static func repeating(
    _ seeds: Range<Int>, _ text: @escaping (inout LoopProgram) -> String
  ) -> Int32? {
    let count = onLargeStack {
      var repeating: Int32 = 0
      for seed in seeds {
        var program = LoopProgram(seed: UInt64(seed))
        let text = text(&program)
        let (anew, known) = (run(text, recognises: false), run(text, recognises: true))
        if anew != known {
          Issue.record("seed \(seed):\n\(text)\n--- anew\n\(anew)\n--- recognised\n\(known)")
          return -1
        }
        repeating += repeated > 0 ? 1 : 0
      }
      return repeating
    }
    return count < 0 ? nil : count
  }

  /// How many turns the last program repeated.
  nonisolated(unsafe) private static var repeated = 0

  /// What a program prints, with the error that ended it.
  private static func run(_ text: String, recognises: Bool) -> String {
    var printed = ""
    let session = Library.makeSession { printed += $0.plain + "\n" }
    session.graph.recognisesTurns = recognises
    do { try session.run(SourceText(name: "loop.nns", text: text)) } catch {
      printed += session.diagnostics(error).map(\.message).joined(separator: "\n")
    }
    repeated = session.graph.turnsRepeated
    for (name, value) in session.globals.user {
      printed += "\(name) = \((try? session.echo(value)) ?? "?")\n"
    }
    return printed
  }
}

/// A program with loops that record, train, look at values and keep some.
private struct LoopProgram {
  private var stream: RandomStream
  private var names: [String] = []
  private var count = 0
  /// The tensors that all others have the shape of.
  private var whole = ("x", "z")

  init(seed: UInt64) { stream = RandomStream(seed: seed) }

  private mutating func pick(_ n: Int) -> Int { min(n - 1, Int(stream.nextUniform() * Double(n))) }
  private mutating func pick(_ xs: [String]) -> String { xs[pick(xs.count)] }

  mutating func text() -> String {
    var lines = [
      "default_dtype(f64)", "seed(3)", "param p = [[0.1, 0.2], [0.3, -0.4]]",
      "param q = [0.5, -0.6]", "param r = 0.7", "let x = [[1, 2], [3, 4]] / 10",
      "let data = [[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[2, 1], [0, 1]]] / 10",
      "let keep = x", "let total = 0", "let kept = list()", "let rate = 0.1",
      "let opt = \(pick(["sgd", "adam"]))((p, q), lr: 0.05)",
      "fn layer(z) { let inner = tanh(z @ p + q)\n inner * r }",
    ]
    let body = turn()
    for _ in 0...pick(2) { lines += ["for i in 0..\(4 + pick(6)) {"] + body + ["}"] }
    lines += ["for i in 0..5 {"] + turn() + ["}"] + ["print(keep, total, len(kept))"]
    return lines.joined(separator: "\n")
  }

  /// A program whose loops do the same for many turns, with something else now and then.
  mutating func manyTurns() -> String {
    var lines = [
      "default_dtype(f64)", "seed(3)", "param p = [[0.1, 0.2], [0.3, -0.4]]",
      "param q = [0.5, -0.6]", "param r = 0.7", "let x = [[1, 2], [3, 4]] / 10",
      "let z = [[2, 1], [0, 1]] / 10", "let keep = x", "let total = 0", "let rate = 0.1",
      "let turns = 0", "let factor = 1", "fn layer(z) { let inner = tanh(z @ p + q)\n inner * r }",
      "fn train(n) {", "let best = 1000", "let sum_of_losses = 0", "for i in 0..n {",
    ]
    names = ["x", "z"]
    var body: [String] = []
    for _ in 0...pick(2) { body.append(steady()) }
    body.append(
      "let loss = mean((\(pick(names)) + layer(\(pick(names))))^2) + r^2 * \(pick(["0.1", "rate", "factor"]))"
    )
    body += [
      "backward(loss)", "p -= \(pick(["0.1", "rate", "0.2 / (1 + i)"])) * p.grad",
      "q -= 0.01 * q.grad",
    ]
    if pick(2) == 0 { body.append("r = r - 0.001 * r.grad") }
    for _ in 0..<pick(3) { body.append(after()) }
    let size = 150 + pick(100)
    lines += body + ["sum_of_losses = sum_of_losses + loss"]
    lines += ["}", "print(sum_of_losses, best)", "}", "train(\(size))"]
    lines += ["for i in 0..\(size + pick(50)) {"] + body + ["}"]
    return (lines + ["print(keep, total, turns, rate, factor)"]).joined(separator: "\n")
  }

  /// A program that trains by epochs of a few batches.
  mutating func manyEpochs() -> String {
    var lines = [
      "default_dtype(f64)", "seed(3)", "param p = [[0.1, 0.2], [0.3, -0.4]]",
      "param q = [0.5, -0.6]", "param r = 0.7", "let x = randn(11, 2) / 10",
      "let z = randn(11, 2) / 10", "let keep = x", "let total = 0", "let rate = 0.1",
      "let turns = 0", "let factor = 1", "fn layer(z) { let inner = tanh(z @ p + q)\n inner * r }",
      "let opt = \(pick(["sgd", "adam"]))((p, q, r), lr: \(pick(["0.05", "step_decay(0.1, every: 70)"])))",
    ]
    (names, whole) = (["a", "b"], ("a", "b"))
    var body: [String] = []
    for _ in 0...pick(2) { body.append(steady()) }
    body += ["let loss = mean((\(pick(names)) + layer(\(pick(names))))^2) + r^2", "backward(loss)"]
    body +=
      pick(2) == 0
      ? ["step(opt)"] : ["p -= \(pick(["0.1", "rate"])) * p.grad", "r -= 0.1 * r.grad"]
    let outer = (0..<pick(2)).map { _ in after() }
    for _ in 0..<pick(3) { body.append(after()) }
    names = ["x", "z"]
    let batches =
      "batches(x, z, size: \(pick(["4", "5", "11", "6"]))\(pick(["", ", shuffle: true"])))"
    let loop = ["for (a, b) in \(batches) {"] + body + ["}"]
    let epochs =
      ["for i in 0..\(100 + pick(100)) {"] + outer.map { unnamed($0) } + loop
      + (pick(3) == 0 ? [unnamed(after())] : []) + ["}"]
    if pick(2) == 0 {
      lines += epochs
    } else {
      lines += ["fn train() {"] + epochs + ["}", "train()"]
    }
    return (lines + ["print(keep, total, turns, rate, factor, rand(1))"]).joined(separator: "\n")
  }

  /// Outside of the loop over batches there are no batches.
  private func unnamed(_ line: String) -> String {
    line.contains("(a)") || line.contains("(b)") || line.contains("(h") || line.hasSuffix("= a")
      || line.hasSuffix("= b") || line.contains("= h") ? "turns += 1" : line
  }

  private mutating func steady() -> String {
    count += 1
    let name = "h\(count)"
    defer { names.append(name) }
    let (first, second) = whole
    switch pick(6) {
    case 0: return "let \(name) = tanh(\(pick(names)) @ p + q)"
    case 1: return "let \(name) = \(pick(names)) * rate"
    case 2: return "let \(name) = layer(\(pick(names))) + i / 1000"
    case 3: return "let \(name) = \(first)\nfor j in 0..3 { \(name) = sigmoid(\(name) @ p) }"
    case 4: return "let \(name) = if i < 100 { \(first) } else { \(second) }"
    default: return "let \(name) = \(pick(names)) - q"
    }
  }

  private mutating func after() -> String {
    let value = pick(names)
    switch pick(10) {
    case 0: return "keep = \(value)"
    case 1: return "total = total + sum(\(value))"
    case 2: return "turns += 1"
    case 3: return "rate = rate * 0.999"
    case 4: return "if i % 40 == 7 { print(i, sum(\(value))) }"
    case 5: return "if turns > 60 { factor = 0.5 }"
    case 6: return "if i == 120 { x = x * 0.5 }"
    case 7: return "if i % 50 == 49 { q = q * 0.9 }"
    case 8: return "keep = p.grad"
    default: return "if i > 130 and i % 2 == 0 { factor = factor * 0.99 }"
    }
  }

  private mutating func turn() -> [String] {
    names = ["x", "data[i % 3]", "keep"]
    count = 0
    var lines: [String] = []
    for _ in 0...pick(4) { lines += [definition()] }
    for _ in 0..<pick(3) { lines += other() }
    lines.append("let loss = mean((\(pick(names)) + layer(\(pick(names))))^2) + r^2")
    lines += training()
    for _ in 0..<pick(3) { lines += other() }
    return lines
  }

  private mutating func definition() -> String {
    count += 1
    let name = "h\(count)"
    let line = "let \(name) = \(expression(2))"
    names.append(name)
    return line
  }

  private mutating func expression(_ depth: Int) -> String {
    if depth == 0 { return pick(names + ["p", "q", "r"]) }
    let inner = { (self: inout LoopProgram) in self.expression(depth - 1) }
    switch pick(9) {
    case 0: return "tanh(\(inner(&self)))"
    case 1: return "(\(inner(&self)) + \(inner(&self)))"
    case 2: return "(\(inner(&self)) * \(inner(&self)))"
    case 3: return "(\(pick(names)) @ p)"
    case 4: return "layer(\(pick(names)))"
    case 5: return "(\(inner(&self)) * \(pick(["0.5", "2", "rate", "(1 + i)"])))"
    case 6: return "sigmoid(\(inner(&self)) - q)"
    case 7: return "(\(pick(names))' + rand(2, 2))"
    default: return "detach(\(inner(&self)))"
    }
  }

  private mutating func other() -> [String] {
    let value = pick(names)
    let line: String
    switch pick(11) {
    case 0: line = "keep = \(value)"
    case 1: line = "total = total + sum(\(value))"
    case 2: line = "kept = append(kept, \(value))"
    case 3: line = "print(i, sum(\(value)))"
    case 4: line = "if sum(\(value)) > 0 { keep = keep * 0.5 }"
    case 5: line = "let s = x\nfor j in 0..\(2 + pick(2)) { s = tanh(s @ p + \(value)) }\nkeep = s"
    case 6: line = "rate = rate * 0.9"
    case 7: line = "keep = grad(sum(\(value) * p), p)"
    case 8: line = "r = r * 0.9"
    case 9: line = "keep = grad(z -> sum(z * z * \(value)))(\(value))"
    default: line = "let two = [\(value), x]\ntotal = sum(two[0]) + two[1][0, 1]"
    }
    return pick(3) == 0 ? ["if i % \(2 + pick(2)) == 0 {", line, "}"] : [line]
  }

  private mutating func training() -> [String] {
    switch pick(7) {
    case 0:
      return ["backward(loss)", "p -= rate * p.grad", "q -= rate * q.grad", "r -= 0.1 * r.grad"]
    case 1: return ["backward(loss)", "step(opt)"]
    case 2: return ["backward(loss)", "backward(sum(layer(x)), add: true)", "p = p - 0.1 * p.grad"]
    case 3: return ["let (dp, dq) = grad(loss, (p, q))", "p -= 0.1 * dp", "q -= 0.1 * dq"]
    case 4: return ["backward(loss)", "if i > 2 { p -= 0.1 * p.grad }", "total = total + loss"]
    case 5: return ["backward(loss)", "keep = p.grad", "p -= 0.1 * p.grad", "keep = keep + p"]
    default: return ["total = total + loss"]
    }
  }
}
