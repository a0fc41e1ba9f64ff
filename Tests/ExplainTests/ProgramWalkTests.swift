// Walks of what users write themselves: functions, models, loops, derivatives of derivatives.

import Autodiff
import Engine
import Explain
import Testing

@Suite("Walks of users' programs")
struct ProgramWalkTests {
  /// Programs with the params whose gradients are walked to.
  static let programs: [(name: String, text: String, parameters: [String])] = [
    (
      "a gradient penalty",
      """
      param W = [[0.4, -0.3], [0.2, 0.7]]
      let x = [[0.5, -1], [0.25, 2]]
      let score = p -> sum(tanh(p @ W))
      let slope = grad(score)(x)
      let loss = sum(score(x)^2) + mean((slope^2).sum(axis: 1))
      """, ["W"]
    ),
    (
      "the gradient of a gradient",
      """
      param w = [0.5, -1.2, 2]
      let inner = sum(w^3 + exp(w))
      let g = grad(inner, w)
      let loss = sum(g^2)
      """, ["w"]
    ),
    (
      "a second derivative of a function",
      """
      param w = 0.7
      let f = t -> sin(w * t)^2
      let loss = grad(grad(f))(1.3) + f(0.2)
      """, ["w"]
    ),
    (
      "a penalty on a model's gradient",
      """
      let net = dense(2, 3) >> tanh >> dense(3, 1)
      let x = randn(4, 2)
      let g = grad(p -> sum(net(p)))(x)
      let loss = mse(net(x), ones(4, 1)) + mean(g^2)
      """, ["net[0].weight", "net[0].bias", "net[2].weight"]
    ),
    (
      "a function of one's own",
      """
      fn swish(x, b = 1) = x * sigmoid(b * x)
      fn block(x, W, b) { let z = x @ W + b; swish(z, b: 2) + z }
      param W = [[0.1, 0.2], [0.3, -0.4]]
      param b = [0.01, -0.02]
      let x = [[1, -2], [0.5, 3]]
      let loss = mean(block(block(x, W, b), W, b)^2)
      """, ["W", "b"]
    ),
    (
      "a model of one's own",
      """
      model Residual(width) {
        layer norm = layer_norm(width)
        layer inner = dense(width, 2 * width) >> gelu >> dense(2 * width, width)
        param gain = 0.5 * ones(width)
        forward(x: [n, width]) -> [n, width] = x + gain * inner(norm(x))
      }
      let net = Residual(2)
      let loss = mse(net([[1, 2], [3, 5]]), [[0, 1], [1, 0]])
      """,
      ["net.norm.gain", "net.inner[0].weight", "net.inner[2].bias", "net.gain"]
    ),
    (
      "a recurrent loop",
      """
      param U = [[0.5, -0.2], [0.1, 0.3]]
      param V = [[0.7, 0.1], [-0.4, 0.2]]
      let xs = [[1, 0], [0, 1], [1, 1]]
      let h = zeros(2)
      for t in 0..3 { h = tanh(xs[t] @ V + h @ U) }
      let loss = sum(h^2)
      """, ["U", "V"]
    ),
    (
      "a loop in a function, with a condition",
      """
      param w = [0.9, 1.1]
      fn run(n) {
        let y = w
        for i in 0..n { if sum(y) > 2 { y = y / 2 } else { y = y * w + i } }
        y
      }
      let loss = sum(run(4)^2)
      """, ["w"]
    ),
    (
      "indexing and updating",
      """
      param w = [0.2, 0.4, 0.6]
      let y = 2 * w
      y[1] = w[0] * w[2]
      let loss = sum(y[0..2]^2) + y[2]
      """, ["w"]
    ),
    (
      "attention",
      """
      param q = randn(2, 3)
      param k = randn(2, 3)
      param v = randn(2, 3)
      let loss = sum((softmax(q @ k' / sqrt(3)) @ v)^2)
      """, ["q", "k", "v"]
    ),
  ]

  @Test("a user's walk holds", arguments: programs.map(\.name))
  func program(_ name: String) throws {
    let entry = try #require(Self.programs.first { $0.name == name })
    let program = try WalkProgram(entry.text)
    try program.check(entry.parameters)
  }

  @Test("the names of a function are those of the walk")
  func names() throws {
    let program = try WalkProgram(
      """
      fn neuron(x, w) { let z = x * w; tanh(z) }
      param w = 0.5
      let loss = neuron(2, w)^2
      """)
    let words = program.text(try program.walk())
    #expect(words.contains("z = "), "\(words)")
  }
}
