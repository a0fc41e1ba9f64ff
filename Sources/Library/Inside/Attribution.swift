// Which inputs an output depends on, by gradients.

import Autodiff
import Diagnostics
import Engine
import Interpreter

enum AttributionFunctions {
  static let all: [HostFunction] = [saliency, integratedGradients, gradCAM, deletionCurve]
  private typealias P = HostFunction.Parameter
  private static let net = P("net", "a model, or any function of rows")
  private static let rows = P("x", "rows [n, …]")
  private static let output = P(
    "output", "which output: one number for all rows, or one a row; else each row's largest",
    default: .optional("none"))

  static let saliency: HostFunction = HostFunction(
    name: "saliency", summary: "How much each input moves an output: the size of its derivative.",
    category: "Inside", parameters: [net, rows, output],
    details: ["abs(∂ output / ∂ x), shaped as x (Simonyan, Vedaldi, Zisserman 2014)."],
    examples: ["saliency(x -> x @ [[1], [-3]], [[5, 5]])  # => [[1, 3]]"],
    action: { call in
      let scored = try ScoredOutput(call, output: 2)
      let x = try call.tensor(1)
      let (_, gradient) = try scored.gradient(at: x)
      return .tensor(try call.session.graph.rule { gradient.apply(.abs) })
    })

  static let integratedGradients: HostFunction = HostFunction(
    name: "integrated_gradients",
    summary: "What each input adds to an output, compared with a baseline.",
    category: "Inside",
    parameters: [
      net, rows,
      P("baseline", "inputs that say nothing, shaped as x or as a row", default: .optional("0")),
      output,
      P("steps", "places on the way at which gradients are taken", default: .optional("128")),
    ],
    details: [
      "(x − baseline) times the mean gradient on the straight way from the baseline (Sundararajan, Taly,",
      "Yan 2017). Of a row they add up to what the output gains on the way, with more steps more exactly.",
      "Without output it is the largest one at x.",
    ],
    examples: [
      "integrated_gradients(x -> x[.., 0] * x[.., 1], [[2, 3]])  # => [[3, 3]]",
      "integrated_gradients(x -> x, [[1]], steps: 0)  # error: value",
    ],
    action: { call in
      let graph = call.session.graph
      let x = try call.tensor(1).floats
      let steps = try call.int(4, default: 128)
      guard steps > 0 else {
        throw Problem(.value, "steps is at least 1, not \(steps)", argument: 4)
      }
      let baseline = try call.isGiven(2) ? call.tensor(2) : graph.constant(0, x.dtype)
      guard x.shape.broadcast(with: baseline.shape) == x.shape else {
        throw Problem(
          .shape, "the baseline {2} of shape \(baseline.shape) does not fit x, \(x.shape)",
          argument: 2)
      }
      let scored = try ScoredOutput(call, output: 3)
      try scored.choose(at: x)
      let way = try graph.rule { x - baseline }
      var sum = try graph.filled(0, like: x)
      for step in 0..<steps {
        let place = (Double(step) + 0.5) / Double(steps)
        let (_, gradient) = try scored.gradient(at: graph.rule { baseline + way * place })
        sum = try graph.rule { sum + gradient }
        try graph.force([sum])
      }
      let total = sum
      return .tensor(try graph.rule { way * total / Double(steps) })
    })

  static let gradCAM: HostFunction = HostFunction(
    name: "grad_cam",
    summary: "Where a convolutional net looks to choose a class: a map a picture.",
    category: "Inside",
    parameters: [
      P("net", "layers joined by >>"), P("x", "pictures [n, channels, height, width]"),
      P("layer", "the stage whose output is looked at, as in net[2]"), output,
    ],
    details: [
      "relu of the stage's channels, each weighted by the mean of its gradient (Selvaraju et al. 2017),",
      "stretched to the pictures' size between its pixels: [n, height, width].",
    ],
    examples: [
      "let net = conv2d(1, 2, 3) >> relu >> flatten >> dense(72, 3)\n"
        + "grad_cam(net, randn(4, 1, 8, 8), 1).shape  # => [4, 8, 8]"
    ],
    action: { call in
      guard case .function(let composition as CompositionObject) = call.value(0) else {
        throw Problem(
          .type, "grad_cam wants layers joined by >>, not \(call.value(0).typePhrase)", argument: 0)
      }
      let stages = composition.stages
      let layer = try call.int(2)
      guard layer >= 0, layer < stages.count - 1 else {
        throw Problem(
          .index, "layer is a stage before the last, 0 … \(stages.count - 2), not \(layer)",
          argument: 2)
      }
      let x = try call.tensor(1)
      guard x.shape.rank == 4 else {
        throw Problem(
          .shape, "grad_cam wants pictures [n, channels, height, width], not \(x.shape)",
          argument: 1)
      }
      let front = try call.session.compose(Array(stages[...layer]))
      let back = try call.session.compose(Array(stages[(layer + 1)...]))
      let graph = call.session.graph
      guard let seen = call.session.node(try call.invoke(front, [.tensor(x)])),
        seen.shape.rank == 4
      else {
        throw Problem(
          .shape, "stage \(layer) gives no channels of pictures [n, channels, height, width]",
          argument: 2, help: "choose a convolution or what follows it")
      }
      let scored = try ScoredOutput(call, function: back, output: 3)
      let maps = try graph.detach(seen)
      let (_, gradient) = try scored.gradient(at: maps)
      let map = try graph.rule {
        let weights = gradient.apply(.mean, [], Attributes(axes: [2, 3], keep: true))
        return (maps * weights).sum(axes: [1], keep: false)
          .apply(.maximum, [graph.constant(0, maps.dtype)])
      }
      return .tensor(try Stretched.map(map, height: x.shape[2], width: x.shape[3]))
    })

  static let deletionCurve: HostFunction = HostFunction(
    name: "deletion_curve",
    summary: "How fast an output falls while its most important inputs are taken away.",
    category: "Inside",
    parameters: [
      net, rows, P("importance", "shaped as x, such as abs(integrated_gradients(net, x))"), output,
      P("baseline", "what is put in their place", default: .optional("0")),
      P("steps", "how many times something is taken away", default: .optional("20")),
    ],
    details: [
      "Gives {share, score, area}: the share of inputs that is gone, the mean output then, and the area",
      "below the curve divided by the first score: the smaller, the better importance names what matters",
      "(Petsiuk, Das, Saenko 2018). Compare with rand(x.shape).",
    ],
    examples: [
      "let c = deletion_curve(x -> x @ [[3], [1]], [[1, 1]], [[3, 1]], steps: 2)\nc.score  # => [4, 1, 0]"
    ],
    action: { call in try DeletionCurve(call).record() })
}

/// One output of a net, row by row, and its gradient.
final class ScoredOutput {
  private let call: Call
  private let function: Value
  private let output: Int
  /// What is chosen of each row's outputs, 0 and 1 as they are shaped.
  private var choice: Node?

  /// - Parameter output: the argument that says which one.
  init(_ call: Call, function: Value? = nil, output: Int) throws {
    self.call = call
    self.function = try function ?? call.function(0)
    self.output = output
  }

  /// The scores [n] at x and their gradients.
  func gradient(at x: Node) throws -> (scores: Node, gradient: Node) {
    let graph = call.session.graph
    let variable = try graph.variable(graph.detach(x).floats)
    defer { graph.end(variable) }
    let scores = try scores(at: variable)
    let sum = try graph.rule { scores.sum(axes: [0], keep: false) }
    let gradient = try graph.gradients(of: sum, withRespectTo: [variable])[0]
    let result = try gradient.map(graph.detach) ?? graph.filled(0, like: variable)
    try graph.force([scores, result])
    return (scores, result)
  }

  /// Fixes which outputs are meant: those at x.
  func choose(at x: Node) throws { _ = try scores(at: graph.detach(x)) }

  private var graph: Graph { call.session.graph }

  func scores(at x: Node) throws -> Node {
    let value = try call.invoke(function, [.tensor(x)])
    guard let given = call.session.node(value), let rows = x.shape.dims.first,
      given.shape.dims.first == rows
    else {
      let what = call.session.node(value).map { "\($0.shape)" } ?? value.typePhrase
      throw Problem(
        .shape,
        "the net gives \(what) for x of shape \(x.shape); \(call.name) wants a row for a row",
        argument: 0)
    }
    let width = given.shape.count / max(1, rows)
    let y = try graph.rule { given.reshaped([rows, width]) }
    if width == 1, !call.isGiven(output) { return try graph.rule { y.reshaped([rows]) } }
    let mask = try choice ?? mask(y)
    choice = mask
    return try graph.rule { (y * mask).sum(axes: [1], keep: false) }
  }

  private func mask(_ y: Node) throws -> Node {
    let (rows, width) = (y.shape[0], y.shape[1])
    var index: Node
    if call.isGiven(output) {
      index = try call.tensor(output)
      guard index.shape.rank == 0 || index.shape.dims == [rows] else {
        throw Problem(
          .shape, "output is one number or one a row, [\(rows)], not \(index.shape)",
          argument: output)
      }
      for value in try graph.values(index) {
        guard let place = Int(exactly: value), place >= 0, place < width else {
          throw Problem(
            .index, "the net has the outputs 0 … \(width - 1), not \(NumberFormat.shortest(value))",
            argument: output)
        }
      }
    } else {
      index = try graph.record(
        .argmax, [graph.detach(y)], Attributes(axes: [1], keep: true))
    }
    let dims = [rows, width]
    let places = try graph.indices(Array(0..<width)[...])
    let chosen = try graph.rule {
      let column = index.shape.rank == 1 ? index.reshaped([rows, 1]) : index
      return places.expanded(dims).compare(.equal, column.expanded(dims))
    }
    let mask = try graph.record(.convert, [chosen], Attributes(dtype: y.dtype))
    try graph.force([mask])
    return mask
  }
}

/// Maps stretched to the size of pictures.
enum Stretched {
  /// Between the centres of pixels on lines, beyond the outer ones flat: [n, h, w] to
  /// [n, height, width], as two products with matrices of weights.
  static func map(_ map: Node, height: Int, width: Int) throws -> Node {
    let graph = map.graph
    let down = try weights(from: map.shape[1], to: height, map)
    let across = try weights(from: map.shape[2], to: width, map)
    return try graph.rule { down.matmul(map).matmul(across.transposed) }
  }

  /// [to, from], each row sums to 1.
  private static func weights(from: Int, to: Int, _ like: Node) throws -> Node {
    var values = [Double](repeating: 0, count: from * to)
    for row in 0..<to {
      let place = (Double(row) + 0.5) * Double(from) / Double(to) - 0.5
      let inside = min(max(place, 0), Double(from - 1))
      let low = Int(inside)
      let part = inside - Double(low)
      values[row * from + low] += 1 - part
      if part > 0 { values[row * from + low + 1] += part }
    }
    return try like.graph.tensor(values, shape: [to, from], dtype: like.dtype)
  }
}
