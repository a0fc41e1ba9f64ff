// What is probably a mistake is said once, and the program goes on.

import Diagnostics
import Interpreter
import Library
import Testing

@Suite("Warnings")
struct WarningTests {
  /// The warnings of a program.
  private func warnings(_ text: String) throws -> [Diagnostic] {
    let session = Library.makeSession { _ in }
    var result: [Diagnostic] = []
    session.warn = { result.append($0) }
    try session.run(SourceText(name: "test", text: text))
    return result
  }

  private static let net = """
    let net = dense(2, 3) >> relu >> dropout(0.5) >> dense(3, 1) >> dropout(0.1)
    let x = ones(4, 2)
    let y = ones(4, 1)

    """

  @Test("a loss of a net with dropout that was not told to train: once, where it was called")
  func inference() throws {
    let found = try warnings(Self.net + "for i in 0..3 { backward(mse(net(x), y)) }")
    let warning = try #require(found.first)
    #expect(found.count == 1)
    #expect(warning.isWarning && warning.kind == .gradient)
    #expect(warning.message.contains("dropout(0.5) and dropout(0.1)"))
    #expect(warning.span?.line == 4)
    #expect(DiagnosticRenderer.render(warning, style: .plain).hasPrefix("warning[gradient]: "))
  }

  @Test("a copy is another net")
  func copies() throws {
    #expect(
      try warnings(
        Self.net + "backward(mse(net(x), y))\nbackward(mse(copy(net)(x), y))\n"
          + "backward(mse(net(x), y))"
      ).count == 2)
  }

  @Test(
    "none for a loss that trains, even where the net has predicted from the same values",
    arguments: [
      "print(mse(net(x), y))\nbackward(mse(net(x, train: true), y))",
      "fit(net, x, y, loss: mse, epochs: 1, validation: (x, y))",
      "let first = dropout(0.5) >> dense(2, 1)\nprint(first(x))\n"
        + "backward(mse(first(x, train: true), y))",
      "param w = ones(4, 2)\nlet d = dropout(0.5)\nlet h = w * x\nprint(d(h))\nprint(d(w))\n"
        + "backward(sum(d(h, train: true)))",
      "backward(mse((dense(2, 1) >> dropout(0))(x), y))",
    ])
  func training(_ program: String) throws {
    #expect(try warnings(Self.net + program).isEmpty)
  }

  @Test(
    "dropout as the first stage, in a model, and of a value with a name",
    arguments: [
      "backward(mse((dropout(0.5) >> dense(2, 1))(x), y))",
      "model M(n) {\n  layer inner = dense(n, 1) >> dropout(0.5)\n  forward(x) = inner(x)\n}\n"
        + "backward(mse(M(2)(x), y))",
      "param w = ones(4, 2)\nlet h = w * x\nlet d = dropout(0.5)(h)\nbackward(sum(d))\n"
        + "print(explain(sum(d)))",
    ])
  func places(_ program: String) throws {
    #expect(try warnings(Self.net + program).count == 1)
  }
}
