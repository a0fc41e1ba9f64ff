// Turns of loops and steps of fit that are run without being recorded: that it happens, and that nothing
// about a program tells that it did.

import Diagnostics
import Engine
import Interpreter
import Library
import Testing

@Suite("Repeated turns")
struct RepeatedTurnTests {
  private static let xor = """
    seed(1)
    let x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    let y = [[0], [1], [1], [0]]
    param W1 = randn(2, 8)
    param b1 = zeros(8)
    param W2 = randn(8, 1)
    param b2 = zeros(1)
    fn forward(x) { sigmoid(tanh(x @ W1 + b1) @ W2 + b2) }

    """

  /// A training loop of so many turns, with something more in its body.
  private static func loop(_ turns: Int, _ more: String = "", rate: String = "0.5") -> String {
    xor + """
      let rate = \(rate)
      let kept = 0
      for i in 0..\(turns) {
        let loss = mse(forward(x), y)
        backward(loss)
        W1 -= rate * W1.grad
        b1 -= rate * b1.grad
        W2 -= rate * W2.grad
        b2 -= rate * b2.grad
        \(more)
      }
      """
  }

  /// What a program leaves: its output, its variables, its error; and the turns it repeated.
  private static func run(_ text: String, recognises: Bool = true, keepsSteps: Bool = false) -> (
    text: String, repeated: Int
  ) {
    nonisolated(unsafe) var result = ("", 0)
    _ = onLargeStack {
      var printed = ""
      let session = Library.makeSession { printed += $0.plain + "\n" }
      session.graph.recognisesTurns = recognises
      session.keepsSteps = keepsSteps
      do { try session.run(SourceText(name: "loop.nns", text: text)) } catch {
        printed += session.diagnostics(error).map { "\($0.message) \($0.notes)" }.joined()
      }
      for (name, value) in session.globals.user {
        printed += "\(name) = \((try? session.echo(value)) ?? "?")\n"
      }
      result = (printed, session.graph.turnsRepeated)
      return 0
    }
    return result
  }

  @Test(
    "happen, and change nothing",
    arguments: [
      "", "kept += 1", "kept = loss", "kept = W1.grad", "kept = i * 2",
      "if i % 50 == 3 { print(i, loss) }", "rate = rate * 0.999", "if i > 150 { rate = 0.1 }",
      "if i == 170 { x = x * 0.5 }",
    ])
  func happen(_ more: String) {
    let text = Self.loop(300, more)
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    #expect(anew.text == known.text)
    #expect(anew.repeated == 0)
    #expect(known.repeated > 100)
  }

  @Test(
    "do not happen where a turn does more than record",
    arguments: [
      "kept = item(loss)", "kept = rand(2)", "print(i)", "if loss < 0 { kept = 1 }",
      "W1 = W1 + randn(2, 8) / 100", "kept = [i, i]",
    ])
  func doNotHappen(_ more: String) {
    let text = Self.loop(200, more)
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    #expect(anew.text == known.text)
    #expect(known.repeated == 0)
  }

  @Test("a value that is not finite ends them where it ends a loop that is recorded")
  func failure() {
    let text = """
      param r = 1
      for i in 0..3000 {
        backward(r^2)
        r += 0.02 * r.grad
      }
      """
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    // Which turns on the way tell how the numbers grew differs: where all are recorded, more are kept.
    let (before, after) = ("in turns", "the 2245 finished turns")
    let parts = [anew, known].map {
      ($0.text.split(separator: before).first, $0.text.split(separator: after).last)
    }
    #expect(anew.text.contains("not finite") && anew.text.contains(after))
    #expect(parts[0].0 == parts[1].0 && parts[0].1 == parts[1].1)
    #expect(known.repeated > 100)
  }

  @Test("a function's loop, with names outside of it")
  func inFunctions() {
    let text =
      Self.xor + """
        fn train(n) {
          let (total, count, last) = (0, 0, none)
          for i in 0..n {
            let loss = mse(forward(x), y)
            backward(loss)
            W1 -= 0.5 * W1.grad
            b1 -= 0.5 * b1.grad
            W2 -= 0.5 * W2.grad
            b2 -= 0.5 * b2.grad
            total = total + loss
            count += 1
            last = W2.grad
          }
          (total, count, last)
        }
        print(train(200), train(3), train(150))
        """
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    #expect(anew.text == known.text)
    #expect(known.repeated > 150)
  }

  @Test(
    "nets and optimizers",
    arguments: [
      ("sgd(net, lr: 0.1)", "step(opt)", ""), ("adam(net, lr: 0.01)", "step(opt)", ""),
      ("sgd(net, lr: 0.1, momentum: 0.9)", "step(opt)", "if i == 150 { opt.lr = 0.01 }"),
      ("adamw(net, lr: 0.01)", "step(opt)", "if i > 200 { opt.lr = 0.02 }"),
      ("adam(net, lr: 0.01)", "step(opt)", "if i == 150 { net[2].bias = net[2].bias + 1 }"),
      ("adam(net[0], lr: 0.01)", "step(opt)\nlet c = net[2].weight", ""),
      ("adam(net, lr: 0.01)", "step(opt)", "if i == 150 { net = dense(2, 1) }"),
      ("adam(net, lr: 0.01)", "step(opt)\nstep(opt)", ""),
    ])
  func netsAndOptimizers(_ optimizer: String, _ step: String, _ more: String) {
    let text = """
      seed(2)
      let x = randn(8, 2)
      let y = x @ [[1], [2]]
      let net = dense(2, 3) >> tanh >> dense(3, 1)
      let opt = \(optimizer)
      let total = 0
      for i in 0..300 {
        let loss = mse(net(x), y)
        backward(loss)
        \(step)
        total += loss
        \(more)
      }
      backward(mse(net(x), y))
      step(opt)
      print(net(x), total)
      """
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    #expect(anew.text == known.text)
    // What is asked for by a path, and two steps with one optimizer, is interpreted.
    #expect(known.repeated > 50 || step != "step(opt)")
  }

  @Test("turns that store nothing, with tensors of constant numbers")
  func chains() {
    let text = """
      param a = 0.9
      param b = 0.1
      for turn in 0..200 {
        let x = tensor(0.5)
        let c = [0.1, 0.2]
        for i in 0..20 { x = tanh(x * a + b) }
        backward(x + sum(c * a))
      }
      print(a.grad, b.grad)
      """
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    #expect(anew.text == known.text)
    #expect(known.repeated > 100)
  }

  @Test("the last turns are recorded where each can be taken back")
  func undo() {
    #expect(Self.run(Self.loop(900), keepsSteps: true).repeated == 0)
    let repeated = Self.run(Self.loop(1500), keepsSteps: true).repeated
    #expect(repeated > 300 && repeated <= 500)
  }

  // MARK: - Batches

  /// A training by epochs of 22 rows, with more in the body of the inner loop, behind it and around it.
  private static func epochs(
    _ inner: String = "", outer: String = "", count: Int = 150,
    batches: String = "batches(x, y, size: 8, shuffle: true)", train: String = Self.byHand
  ) -> String {
    """
    seed(3)
    let x = randn(22, 3)
    let y = x @ [[1], [-2], [0.5]] + randn(22, 1) / 10
    param w = zeros(3, 1)
    param b = [0]
    let net = dense(3, 4) >> tanh >> dense(4, 1)
    let (rate, total, kept, n) = (0.05, 0, 0, 0)
    for epoch in 0..\(count) {
      for (xb, yb) in \(batches) {
        \(train)
        \(inner)
      }
      \(outer)
    }
    print(w, b, net(x), rand(2))
    backward(mse(x @ w + b, y))
    """
  }

  private static let byHand = """
    let loss = mse(xb @ w + b, yb)
    backward(loss)
    w -= rate * w.grad
    b -= rate * b.grad
    """

  private static func compare(_ text: String, repeated: Int) {
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    #expect(anew.text == known.text)
    #expect(anew.repeated == 0)
    #expect(known.repeated >= repeated)
  }

  @Test(
    "epochs are run at once, and nothing changes",
    arguments: [
      ("", ""), ("kept = loss", ""), ("n += 1", "rate = rate * 0.99"), ("kept = w.grad * 1", ""),
      ("total += loss", ""), ("", "if epoch % 40 == 39 { print(epoch, kept) }"),
      ("if n > 100 { rate = 0.01 }\nn += 1", ""), ("rate = 0.1 / (1 + epoch)", "n = epoch"),
    ])
  func epochs(_ inner: String, _ outer: String) {
    Self.compare(Self.epochs(inner, outer: outer), repeated: 100)
  }

  @Test(
    "orders, sizes and lists of batches",
    arguments: [
      "batches(x, y, size: 8)", "batches(x, y, size: 11)", "batches(x, y, size: 2, shuffle: true)",
      "batches(x, y, shuffle: true)", "[(x[..8], y[..8]), (x[8..], y[8..])]",
      "batches(x, y, 7, true)",
    ])
  func batches(_ batches: String) {
    // A list that the program makes is made anew in each epoch.
    Self.compare(Self.epochs(batches: batches), repeated: batches.hasPrefix("[") ? 0 : 50)
  }

  @Test(
    "epochs with optimizers",
    arguments: [
      "sgd(net, lr: 0.05)", "adam(net, lr: 0.01)", "sgd(net, lr: 0.05, momentum: 0.9)",
      "sgd(net, lr: step_decay(0.05, every: 170, factor: 0.1))",
      "adamw(net, lr: cosine_decay(0.01, steps: 300))",
    ])
  func epochsWithOptimizers(_ optimizer: String) {
    let train = "let loss = mse(net(xb, train: true), yb)\nbackward(loss)\nstep(opt)"
    let text = Self.epochs("total += loss", outer: "if epoch > 140 { print(total) }", train: train)
    Self.compare(
      text.replacing("let (rate", with: "let opt = \(optimizer)\nlet (rate"), repeated: 100)
  }

  @Test("many batches of one epoch, and elements of lists of tensors")
  func longEpochs() {
    let text = """
      seed(3)
      let x = randn(2000, 2)
      param w = zeros(2, 1)
      let y = x @ [[1], [2]]
      let n = 0
      for (xb, yb) in batches(x, y, size: 8) {
        backward(mse(xb @ w, yb))
        w -= 0.01 * w.grad
        n += 1
      }
      for row in [x[i..i + 1] for i in 0..500] {
        backward(sum(row @ w)^2)
        w -= 0.001 * w.grad
      }
      print(w, n)
      """
    Self.compare(text, repeated: 150)
  }

  @Test("epochs in functions, of a function's loop over batches")
  func epochsInFunctions() {
    let text = """
      seed(3)
      let x = randn(22, 3)
      let y = x @ [[1], [-2], [0.5]]
      param w = zeros(3, 1)
      fn epoch_of(rate) {
        for (xb, yb) in batches(x, y, size: 8, shuffle: true) {
          backward(mse(xb @ w, yb))
          w -= rate * w.grad
        }
      }
      fn train(epochs) {
        let rate = 0.1
        for epoch in 0..epochs {
          epoch_of(rate)
          rate = rate * 0.99
        }
        rate
      }
      print(train(200), w, rand(1))
      """
    Self.compare(text, repeated: 200)
  }

  @Test(
    "epochs that do more than the last one did are interpreted",
    arguments: [
      ("kept = item(loss)", ""), ("kept = rand(1)", ""), ("", "kept = rand(1)"),
      ("", "print(epoch)"), ("if loss < 0.01 { break }", ""), ("", "if total > 3 { break }"),
      ("", "x = x * 0.99"), ("kept = len(xb)", ""), ("w = w + 0 * randn(3, 1)", ""),
      ("xb = xb * 2", ""), ("kept = xb", ""), ("", "y = x @ w"),
    ])
  func otherEpochs(_ inner: String, _ outer: String) {
    Self.compare(Self.epochs(inner, outer: outer, count: 60), repeated: 0)
  }

  @Test("a step of an epoch that leaves what is not finite ends it where it would")
  func failureInEpochs() {
    let text = Self.epochs("n += 1\nrate = rate * 1.005", count: 2000)
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    let parts = [anew, known].map {
      ($0.text.split(separator: "in turns").first, $0.text.split(separator: "finished turns").last)
    }
    #expect(anew.text.contains("not finite"))
    #expect(parts[0].0 == parts[1].0 && parts[0].1 == parts[1].1)
    #expect(known.repeated > 100)
  }

  @Test("a rate that changes after many steps in which it did not")
  func stepwiseRates() {
    let text = """
      seed(1)
      let x = randn(32, 3)
      let y = x @ [[1], [2], [3]]
      let net = dense(3, 1)
      let opt = sgd(net, lr: step_decay(0.0001, every: 150, factor: 0.1))
      for i in 0..300 {
        backward(mse(net(x), y))
        step(opt)
      }
      print(net.weight)
      let again = sgd(net, lr: step_decay(0.001, every: 150, factor: 0.1))
      fit(net, x, y, loss: mse, optimizer: again, epochs: 300, batch: 32, verbose: false)
      """
    Self.compare(text, repeated: 300)
  }

  // MARK: - fit

  @Test(
    "fit",
    arguments: [
      ("dense(3, 4) >> tanh >> dense(4, 1)", "sgd(lr: 0.1)", "mse", "16"),
      ("dense(3, 4) >> relu >> dense(4, 1)", "adam(lr: 0.01)", "mse", "7"),
      (
        "dense(3, 6) >> dropout(0.3) >> layer_norm(6) >> dense(6, 1)", "adamw(lr: 0.01)", "mse",
        "20"
      ),
      ("dense(3, 1)", "sgd(lr: 0.05, momentum: 0.9)", "mse", "40"),
    ])
  func fit(_ net: String, _ optimizer: String, _ loss: String, _ batch: String) {
    let text = """
      seed(4)
      let x = randn(40, 3)
      let y = x @ [[1], [-2], [0.5]]
      let net = \(net)
      let h = fit(net, x, y, loss: \(loss), optimizer: \(optimizer), epochs: 150, batch: \(batch), verbose: false)
      print(h.loss, rand(1))
      let opt = \(optimizer.replacing("(", with: "(net, "))
      fit(net, x, y, loss: \(loss), optimizer: opt, epochs: 100, batch: \(batch), verbose: false)
      fit(net, x, y, loss: \(loss), optimizer: opt, epochs: 3, batch: \(batch), verbose: false)
      print(net(x))
      """
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    #expect(anew.text == known.text)
    #expect(known.repeated > 150)
  }

  @Test("fit with somebody who looks at each epoch")
  func fitWithCallbacks() {
    let text = """
      seed(4)
      let (x, y) = (randn(64, 3), randn(64, 1))
      let net = dense(3, 1)
      let opt = sgd(net, lr: 0.1)
      let weights = list()
      fit(net, x, y, loss: mse, optimizer: opt, epochs: 40, batch: 2, verbose: false,
        each: h -> { opt.lr = opt.lr * 0.9
          weights = append(weights, net.weight + 0) })
      fit(net, x, y, loss: mse, optimizer: opt, epochs: 60, batch: 2, patience: 5, verbose: false)
      """
    let (anew, known) = (Self.run(text, recognises: false), Self.run(text))
    #expect(anew.text == known.text)
    #expect(known.repeated > 500)
  }
}
