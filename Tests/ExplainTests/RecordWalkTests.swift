// The walk through every layer, loss and optimizer, made from their records: a new one is covered by
// its record.

import Autodiff
import Engine
import Explain
import Interpreter
import Neural
import Testing

@Suite("Walks of layers, losses and optimizers")
struct RecordWalkTests {
  // MARK: - Layers

  @Test("a layer's walk holds", arguments: Layers.all.map(\.name))
  func layer(_ name: String) throws {
    let record = try #require(Layers.all.first { $0.name == name })
    #expect(!record.samples.isEmpty, "\(name) has no sample")
    for sample in record.samples where sample.classes == nil {
      let program = try WalkProgram(
        """
        param w = 0.5 + rand(\(Shape(sample.input)))
        let x = randn(\(Shape(sample.input)))
        let net = \(sample.source)
        let y = net(x * w, train: true)
        let weights = randn(y.shape)
        let loss = sum(weights * tanh(y)) + mean(y^2)
        """)
      try program.check(["w"] + program.paths("net"))
    }
    for sample in record.samples {
      guard let classes = sample.classes else { continue }
      let program = try WalkProgram(
        """
        let net = \(sample.source)
        let y = net(integers(0, \(classes), \(Shape(sample.input))))
        let loss = mean(y^2)
        """)
      try program.check(program.paths("net"))
    }
  }

  @Test("a layer folds, and opens", arguments: Layers.all.map(\.name))
  func folding(_ name: String) throws {
    let record = try #require(Layers.all.first { $0.name == name })
    for sample in record.samples where sample.classes == nil {
      let program = try WalkProgram(
        """
        param w = rand(\(Shape(sample.input)))
        let net = \(sample.source)
        let y = net(w, train: true)
        let loss = sum(y)
        """)
      let words = program.text(try program.walk(1))
      // Where there are no params there may be nothing to fold.
      let hasParams = try !program.paths("net").isEmpty
      #expect(!hasParams || words.contains("y = net(w)"), "\(words)")
      #expect(!program.text(try program.walk(2)).contains("net("))
    }
  }

  // MARK: - Losses

  static let losses = Catalogue.losses.filter { !$0.isHidden }

  @Test("a loss's walk holds", arguments: losses.map(\.name))
  func loss(_ name: String) throws {
    let op = try #require(Self.losses.first { $0.name == name })
    var count = 0
    for sample in op.samples where SampleWalk.isSmall(sample) && sample.shapes[0].count == 2 {
      let program = try WalkProgram(program(op, sample))
      try program.check(["net.weight", "net.bias"])
      count += 1
    }
    #expect(count > 1, "\(name) has too few samples with rows")
  }

  /// A dense layer in front of the loss, its output squeezed into the loss's domain.
  private func program(_ op: Operator, _ sample: Operator.Sample) -> String {
    let (rows, columns) = (sample.shapes[0][0], sample.shapes[0][1])
    let (low, high) = (op.domain.lowerBound, op.domain.upperBound)
    let target: String
    switch sample.operands[1] {
    case .fixed(let shape, let values, let dtype):
      target = literal(values, shape, dtype)
    case .near(let shape, let values): target = literal(values, shape, .f64)
    case .varied(let shape):
      target = "\(low) + \(high - low) * rand(\(Shape(shape)))"
    }
    return """
      let x = randn(\(rows), 2)
      let net = dense(2, \(columns))
      let y = \(low) + \(high - low) * sigmoid(net(x))
      let t = \(target)
      let loss = \(op.name)(y, t)
      """
  }

  private func literal(_ values: [Double], _ shape: [Int], _ dtype: DType) -> String {
    let numbers = values.map { "\($0)" }.joined(separator: ", ")
    return "reshape(tensor(list(\(numbers)), dtype: \(dtype.name)), \(Shape(shape)))"
  }

  // MARK: - Optimizers

  /// The record's options as they are, each one changed, and all changed.
  private static func options(_ rule: OptimizerRule) -> [String] {
    let changed = rule.options.map { option -> String in
      switch option.range {
      case .flag: "\(option.name): \(option.value == 0)"
      case .share: "\(option.name): \(option.value == 0.5 ? 0.6 : 0.5)"
      case .amount: "\(option.name): \(option.name == "lr" ? 0.125 : option.value + 0.0625)"
      }
    }
    return [""] + changed.map { ", \($0)" } + [", \(changed.joined(separator: ", "))"]
  }

  private func program(_ name: String, _ options: String, steps: Int) throws -> WalkProgram {
    try WalkProgram(
      """
      param W = [[0.5, -1.25], [0.3, 0.8]]
      param b = [0.1, -0.2]
      let x = [[1, 2], [-0.5, 0.7], [0.3, -1.1]]
      fn value() = mean(tanh(x @ W + b)^2)
      let opt = \(name)((W, b)\(options))
      let loss = value()
      for i in 0..\(steps) {
        loss = value()
        backward(loss)
        step(opt)
      }
      """, keepsSteps: true)
  }

  @Test("an optimizer's step recomputes", arguments: Optimizers.all.map(\.name), [1, 3])
  func optimizer(_ name: String, steps: Int) throws {
    let rule = try #require(Optimizers.all.first { $0.name == name })
    for options in Self.options(rule) {
      let program = try program(name, options, steps: steps)
      var tour = try WalkTour(program.loss)
      while tour.next() {}
      var found: [String] = []
      while case let frame = try tour.frame(), frame.half == .update {
        found.append(frame.label)
        try check(frame, program, options)
        let moved = tour.previous()
        #expect(moved)
      }
      #expect(found.sorted() == ["W", "b"])
      try checkText(program, name, steps)
    }
  }

  /// Every line recomputes; the last one is the param's new value.
  private func check(_ frame: WalkFrame, _ program: WalkProgram, _ options: String) throws {
    for line in frame.lines {
      for problem in Lines.problems(line) { Issue.record("\(options): \(problem)") }
    }
    let last = try #require(frame.lines.last)
    let symbols = FocusText.pieces(last, 6)[0]
    #expect(symbols.contains("lr"), "\(symbols)")
    let place = last.subject.drop { $0 != "[" }
    #expect(last.subject == "new \(frame.label)\(place)")
    let new = try program.numbers("\(frame.label)\(place)")[0]
    #expect((new - last.result).magnitude <= 1e-14 * max(1, new.magnitude))
    // What the lines are made of is what other lines and the gradient say.
    let gradient = try program.numbers("\(frame.label).grad\(place)")[0]
    var seen: [String: Double] = [:]
    for line in frame.lines {
      line.formula?.visit { seen[$0.text] = $0.value }
      seen[line.subject] = line.result
    }
    let name = "∂loss/∂\(frame.label)\(place)"
    #expect(seen[name] == gradient, "\(options): \(seen)")
  }

  private func checkText(_ program: WalkProgram, _ name: String, _ steps: Int) throws {
    let walk = try program.walk(at: "W[0, 1]")
    let taken = try #require(try walk.taken())
    #expect(!taken.lines.isEmpty)
    for line in taken.lines {
      for problem in Lines.problems(line) { Issue.record("\(name): \(problem)") }
    }
    let words = program.text(walk, update: taken)
    // Many options stand on a line of their own.
    let flat = words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(flat.contains("update \(name), step \(steps): lr = "), "\(words)")
    // With many options its line takes parts of earlier ones.
    #expect(words.contains("new W[0, 1] = "), "\(words)")
    let after = try program.numbers("value()")[0]
    #expect((taken.loss - after).magnitude < 1e-14)
    // Before the step, as it was.
    let whole = try program.walk()
    let lines = program.text(whole, update: try whole.taken())
    #expect(lines.contains("→"), "\(lines)")
  }

  @Test("a param that was stored to by hand has no optimizer's step")
  func byHand() throws {
    let program = try WalkProgram(
      """
      param w = [1, 2]
      let opt = adam(w)
      let loss = sum(w^2)
      backward(loss)
      step(opt)
      w = w - 0.5 * w.grad
      """, keepsSteps: true)
    #expect(try program.walk().taken() == nil)
    var tour = try WalkTour(program.loss)
    while tour.next() {}
    let frame = try tour.frame()
    #expect(frame.half == .update)
    for problem in frame.lines.flatMap(Lines.problems) { Issue.record("\(problem)") }
  }
}
