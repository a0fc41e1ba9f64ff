// The quiz: questions of a walk, what is right, and which mistake gives what is wrong.

import Autodiff
import Diagnostics
import Engine
import Explain
import Testing

@Suite("Quiz")
struct QuizTests {
  static let perceptron = """
    let x = [[0.5, -1, 2], [1.5, 0.25, -0.75]]
    let t = [[1, 0], [0, 1]]
    param W1 = [[0.15, 0.25, -0.3, 0.1], [0.20, 0.30, 0.4, -0.2], [-0.1, 0.35, 0.2, 0.5]]
    param b1 = [0.1, -0.2, 0.3, 0.05]
    param W2 = [[0.40, 0.50], [0.45, 0.55], [-0.3, 0.2], [0.6, -0.1]]
    let h_in = x @ W1 + b1
    let h = sigmoid(h_in)
    let o_in = h @ W2
    let o = sigmoid(o_in)
    let loss = mse(o, t)
    """
  static let programs = [
    perceptron,
    "param w = [1, -2, 3]\nlet y = tanh(w * 2)\nlet loss = sum(y^2 + y)",
    "let net = dense(3, 4) >> relu >> dense(4, 3)\nlet loss = cross_entropy(net(randn(5, 3)), [0, 1, 2, 0, 1])",
    "let net = lstm(2, 3)\nlet loss = mean(net(randn(2, 3, 2))^2)",
    "let net = transformer_block(4, heads: 2)\nlet loss = mean(net(randn(2, 3, 4))^2)",
  ]

  private func questions(_ program: WalkProgram) throws -> [Quiz.Question] {
    var quiz = try Quiz(program.loss)
    var result: [Quiz.Question] = []
    while let question = try quiz.ask() { result.append(question) }
    #expect(result.count <= quiz.count)
    return result
  }

  @Test("answers are the gradients, and the formula gives them", arguments: programs)
  func answers(_ text: String) throws {
    let program = try WalkProgram(text)
    let questions = try questions(program)
    #expect(!questions.isEmpty)
    for question in questions {
      let value = try #require(question.line.formula).evaluated
      #expect((value - question.answer).magnitude <= 1e-9 * max(1, question.answer.magnitude))
      #expect(question.answer != 0)
      #expect(!question.given.isEmpty || question.isLong || question.hint.contains("="))
      #expect(question.mistake { $0 == question.answer } == nil)
    }
  }

  @Test("what is asked for is what grad() gives")
  func digits() throws {
    let program = try WalkProgram(Self.perceptron)
    var asked = 0
    for question in try questions(program) {
      let name = question.subject.split(separator: "/∂").last.map(String.init) ?? ""
      let bracket = name.firstIndex(of: "[") ?? name.endIndex
      let value = try program.numbers("grad(loss, \(name[..<bracket]))\(name[bracket...])")
      #expect((value[0] - question.answer).magnitude <= 1e-12)
      asked += 1
    }
    #expect(asked == 7)
  }

  @Test(
    "a usual mistake is named",
    arguments: [
      ("∂loss/∂o[", "-{answer}", "sign"),
      ("∂loss/∂o_in[", "grad(loss, o){at}", "inner derivative forgotten"),
      ("∂loss/∂o_in[", "grad(loss, o){at} * o{at}", "σ for σ′"),
      ("∂loss/∂o_in[", "o{at} * (1 - o{at})", "outer factor forgotten"),
      ("∂loss/∂h[", "{answer} / 2", "factor 2"),
      ("∂loss/∂b1[", "{answer} * 4", "1/n"),
    ])
  func mistakes(_ subject: String, _ expression: String, _ name: String) throws {
    let program = try WalkProgram(Self.perceptron)
    let question = try #require(try questions(program).first { $0.subject.hasPrefix(subject) })
    let place = question.subject.split(separator: "[").last.map { "[\($0)" } ?? ""
    var text = expression
    for (hole, value) in [("{answer}", "(\(question.answer))"), ("{at}", place)] {
      text = text.split(separator: hole, omittingEmptySubsequences: false).joined(separator: value)
    }
    let wrong = try program.numbers(text)[0]
    let found = question.mistake { ($0 - wrong).magnitude <= 1e-9 * wrong.magnitude }
    #expect(found?.name == name, "\(question.subject): \(found?.name ?? "none")")
  }

  @Test("a question and its answer in so many columns", arguments: [40, 80])
  func layout(_ width: Int) throws {
    let program = try WalkProgram(Self.perceptron)
    let question = try #require(try questions(program).first)
    let layout = WalkLayout(width: width)
    let text = question.render(1, of: 7, place: "a.nns:3", layout)
    #expect(text.width <= width)
    #expect(text.plain.contains("What is ∂loss/∂o["))
    #expect(question.solution(layout).plain.contains("2 (o["))
  }
}
