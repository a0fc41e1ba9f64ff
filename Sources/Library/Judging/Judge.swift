// Data, predictions and the figures that they are judged by.

import Autodiff
import Datasets
import Diagnostics
import Engine
import Interpreter

extension Call {
  /// A tensor, or a table as one.
  func data(_ index: Int) throws -> Node {
    let value = value(index)
    let what = "\(parameters[index].name) of \(name)"
    if let node = try Library.numbers(value, what, argument: index, session) { return node }
    throw Problem(.type, "\(what) is a tensor or a table, not \(value.typePhrase)", argument: index)
  }
}

extension Library {
  /// A tensor or a table as numbers; nil where it is neither.
  static func numbers(_ value: Value, _ what: String, argument: Int?, _ session: Session) throws
    -> Node?
  {
    switch value {
    case .foreign(let table as TableObject):
      guard case .tensor(let tensor) = try table.tensor(session) else { return nil }
      return tensor.node
    case .list(let list):
      if case .string? = list.elements.first {
        throw Problem(
          .type, "\(what) holds strings, not numbers", argument: argument,
          help: argument.map { "write classes({\($0)})" })
      }
      return nil
    case .number, .bool: return nil
    default: return session.node(value)
    }
  }
}

/// Inputs and their targets, as many of each.
struct DataPair {
  let x: Node
  let y: Node
  /// How messages call the two; `{2}` is the source text of an argument.
  let names: (x: String, y: String)
  /// The arguments to label.
  let arguments: (x: Int, y: Int)

  init(_ call: Call, x: Int, y: Int) throws {
    try self.init(
      call, call.data(x), call.data(y), names: ("{\(x)}", "{\(y)}"), arguments: (x, y))
  }

  /// The pair `(x, y)` that validation is.
  init(_ call: Call, validation index: Int) throws {
    let what = "validation of \(call.name)"
    guard case .tuple(let pair) = call.value(index), pair.elements.count == 2,
      let x = try Library.numbers(pair.elements[0], what, argument: nil, call.session),
      let y = try Library.numbers(pair.elements[1], what, argument: nil, call.session)
    else { throw Problem(.type, "\(what) is a tuple (x, y) of tensors or tables", argument: index) }
    try self.init(
      call, x, y, names: ("x of the validation", "y of the validation"), arguments: (index, index))
  }

  private init(
    _ call: Call, _ x: Node, _ y: Node, names: (String, String), arguments: (Int, Int)
  ) throws {
    (self.x, self.y, self.names, self.arguments) = (x, y, names, arguments)
    try x.graph.force([x, y])
    guard let rows = x.shape.dims.first, y.shape.dims.first == rows else {
      throw Problem(
        .shape,
        "\(call.name) wants as many targets as inputs: \(names.0) is \(x.shape), \(names.1) is "
          + "\(y.shape)", argument: arguments.1)
    }
    guard rows > 0 else {
      throw Problem(
        .shape, "\(call.name) wants at least one row; \(names.0) is \(x.shape)",
        argument: arguments.0)
    }
  }

  var rows: Int { x.shape[0] }
}

/// A loss and metrics.
struct Judge {
  private let call: Call
  let loss: Value
  private let lossArgument: Int
  private let metricsArgument: Int
  let lossName: String
  let metrics: [(name: String, function: Value)]

  init(_ call: Call, loss: Int, metrics: Int) throws {
    self.call = call
    self.loss = try call.function(loss)
    lossArgument = loss
    metricsArgument = metrics
    lossName = Library.name(of: self.loss) ?? "the loss"
    self.metrics = try Judge.metrics(call, metrics)
  }

  /// Each with a name of its own, by which the history has it.
  static func metrics(_ call: Call, _ index: Int) throws -> [(name: String, function: Value)] {
    guard call.isGiven(index) else { return [] }
    var given: [(name: String?, function: Value)] = []
    if case .record(let record) = call.value(index) {
      given = record.fields.map { ($0.name, $0.value) }
    } else if call.session.isCallable(call.value(index)) {
      given = [(Library.name(of: call.value(index)), call.value(index))]
    } else {
      given = try call.elements(index).map { (Library.name(of: $0), $0) }
    }
    var result: [(String, Value)] = []
    for (name, function) in given {
      guard call.session.isCallable(function) else {
        throw Problem(
          .type, "metrics of \(call.name) are functions, not \(function.typePhrase)",
          argument: index)
      }
      let base = name ?? "metric"
      var own = base
      var count = 1
      while own == "loss" || result.contains(where: { $0.0 == own }) {
        count += 1
        own = "\(base)_\(count)"
      }
      result.append((own, function))
    }
    return result
  }

  /// Loss and metrics on whole data.
  func figures(_ net: Value, _ pair: DataPair) throws -> [(name: String, value: Double)] {
    let prediction = try call.invoke(net, [.tensor(pair.x)])
    try check(prediction, pair)
    let targets = Value.tensor(pair.y)
    let loss = try number(lossNode(prediction, targets), lossName, pair)
    return try [("loss", loss)] + metrics.map { ($0.name, try metric($0, prediction, targets)) }
  }

  /// The loss of a prediction, which is one number.
  func lossNode(_ prediction: Value, _ targets: Value) throws -> Node {
    let value: Value
    do { value = try call.invoke(loss, [prediction, targets]) } catch {
      guard var diagnostic = error as? Diagnostic, diagnostic.kind == .shape,
        let p = call.session.node(prediction), let t = call.session.node(targets)
      else { throw error }
      diagnostic.notes.append(
        "\(call.name) called it with a prediction of shape \(p.shape) and a target of shape \(t.shape)"
      )
      throw diagnostic
    }
    guard let node = call.session.node(value) else {
      throw Problem(
        .type, "\(lossName) gives \(value.typePhrase); a loss is a number", argument: lossArgument)
    }
    guard node.shape.count == 1 else {
      let isNamed = Library.name(of: loss) != nil
      throw Problem(
        .shape, "\(lossName) gives \(node.shape); a loss is one number", argument: lossArgument,
        help: isNamed
          ? "write loss: (p, t) -> mean(\(lossName)(p, t))" : "take the mean of what it gives")
    }
    return node
  }

  func metric(_ metric: (name: String, function: Value), _ prediction: Value, _ targets: Value)
    throws -> Double
  {
    let value = try call.invoke(metric.function, [prediction, targets])
    guard let node = call.session.node(value), node.shape.count == 1 else {
      let what = call.session.node(value).map { "\($0.shape)" } ?? "\(value.typePhrase)"
      throw Problem(
        .type, "the metric \(metric.name) gives \(what); a metric is one number",
        argument: metricsArgument)
    }
    return try number(node, metric.name, nil)
  }

  /// Computes a figure; what its kernel finds is no fault of an operand here.
  ///
  /// It has the digits of its element type, not those that f64 has behind them.
  private func number(_ node: Node, _ name: String, _ pair: DataPair?) throws -> Double {
    do throws(OperatorProblem) {
      let x = try node.graph.item(node)
      return node.dtype == .f32 ? Double(NumberFormat.shortest(Float(x))) ?? x : x
    } catch { throw call.session.inner(error, .none) }
  }

  /// Whether the prediction suits the targets, by the shapes of all rows; and class numbers one by
  /// one, so that a wrong one is found before anything is learned from the others.
  func check(_ prediction: Value, _ pair: DataPair) throws {
    guard let node = call.session.node(prediction) else {
      throw Problem(
        .type, "the net gives \(prediction.typePhrase); \(call.name) wants a tensor", argument: 0)
    }
    guard case .function(let host as HostFunctionObject) = loss,
      let op = Catalogue.all.first(where: { $0.name == host.name && $0.parameters.count == 2 })
    else { return }
    var dims = node.shape.dims
    if !dims.isEmpty { dims[0] = pair.rows }
    let whole = TensorType(Shape(dims), node.dtype.isFloat ? node.dtype : .f32)
    do throws(OperatorProblem) { _ = try op.infer([whole, pair.y.type], Attributes()) } catch {
      let named = { (text: String) in
        Session.renumbered(text) { $0 == 0 ? "the prediction" : pair.names.y }
      }
      var message = named(error.message)
      if !error.message.contains("{0}") { message += "; the prediction is \(whole.shape)" }
      let help = error.help.flatMap { pair.names.y.hasPrefix("{") ? named($0) : nil }
      throw Problem(.shape, message, argument: pair.arguments.y, help: help)
    }
    if op === Operator.crossEntropy, pair.y.shape != whole.shape, let classes = dims.last {
      try checkClasses(pair, classes)
    }
  }

  private func checkClasses(_ pair: DataPair, _ classes: Int) throws {
    let values = try pair.y.graph.values(pair.y)
    guard
      let row = values.firstIndex(where: {
        Int(exactly: $0).map { $0 < 0 || $0 >= classes } ?? true
      })
    else { return }
    throw Problem(
      .index,
      "the class \(NumberFormat.shortest(values[row])) in row \(row) of \(pair.names.y) is none of "
        + "0 … \(classes - 1): the net has \(classes) outputs", argument: pair.arguments.y)
  }
}
