// summary: what a model is made of, with the shape behind each layer.

import Autodiff
import Diagnostics
import Engine
import Interpreter

/// The layers of a model, as a table.
final class SummaryObject: ForeignObject {
  struct Row {
    var path: String
    var what: String
    /// Nil where the shapes do not come so far.
    var output: String?
    var parameters = 0
    /// Why this layer takes no such input.
    var fault: String?
  }

  private let rows: [Row]
  private let total: Int
  private let note: String?

  init(_ rows: [Row], total: Int, note: String?) {
    (self.rows, self.total, self.note) = (rows, total, note)
  }

  var typeName: String { "summary" }
  var length: Int? { rows.count }
  var fieldNames: [String] { ["parameters", "fault"] }
  func field(_ name: String, _ session: Session) throws -> Value? {
    switch name {
    case "parameters": return .number(Double(total))
    case "fault": return rows.lazy.compactMap(\.fault).first.map { .string($0) } ?? Value.none
    default: return nil
    }
  }

  func element(_ index: Int, _ session: Session) throws -> Value? {
    let row = rows[index]
    return .record([
      ("path", .string(row.path)), ("layer", .string(row.what)),
      ("output", row.output.map { .string($0) } ?? .none),
      ("parameters", .number(Double(row.parameters))),
    ])
  }

  func describe(_ session: Session) throws -> StyledText {
    var cells = [["", "layer", "output", "params"]]
    cells += rows.map {
      [
        $0.path, $0.what, $0.fault == nil ? $0.output ?? "?" : "✗",
        $0.parameters > 0 ? "\($0.parameters)" : "",
      ]
    }
    cells.append(["", "in all", "", "\(total)"])
    var widths = (0..<4).map { column in cells.map { $0[column].count }.max() ?? 0 }
    // The layer's source gives way where the terminal is narrow.
    let others = widths[0] + widths[2] + widths[3] + 6
    widths[1] = min(widths[1], max(8, session.width - others))
    var text = StyledText()
    for (index, row) in cells.enumerated() {
      if index > 0 { text.append("\n") }
      let style: StyledText.Style = index == 0 ? .strong : index == cells.count - 1 ? .dim : .plain
      let fault = index > 0 && index <= rows.count ? rows[index - 1].fault : nil
      text.append(SummaryObject.line(row, widths), fault == nil ? style : .error)
      if let fault {
        for line in SummaryObject.wrapped(fault, max(20, session.width - 2)) {
          text.append("\n  " + line, .error)
        }
      }
    }
    if let note { text.append("\n" + note, .dim) }
    return text
  }

  private static func line(_ row: [String], _ widths: [Int]) -> String {
    let fitted = zip(row, widths).map { $0.count > $1 ? $0.prefix($1 - 1) + "…" : $0[...] }
    let padding = zip(fitted, widths).map { String(repeating: " ", count: $1 - $0.count) }
    return fitted[0] + padding[0] + "  " + fitted[1] + padding[1] + "  " + padding[2] + fitted[2]
      + "  " + padding[3] + fitted[3]
  }

  private static func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      if lines[lines.count - 1].isEmpty {
        lines[lines.count - 1] = String(word)
      } else if lines[lines.count - 1].count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}

enum SummaryFunctions {
  static let all: [HostFunction] = [summary]
  private typealias P = HostFunction.Parameter

  static let summary: HostFunction = HostFunction(
    name: "summary", summary: "The layers of a model: paths, shapes behind them, params.",
    category: "Training",
    parameters: [
      P("net", "a model"),
      P(
        "input", "a shape such as [32, 784], or inputs; left out, rows for the first layer",
        default: .optional("none")),
    ],
    details: [
      "A layer that does not take what the one before it gives is marked, and the table goes on.",
      "s.parameters counts all params, s.fault is what is wrong, or none.",
    ],
    examples: [
      "print(summary(dense(2, 3) >> relu))", "summary(dense(2, 3)).parameters  # => 9",
      "summary(dense(2, 3) >> dense(4, 1)).fault  # => dense(4, 1) wants [.., 4] but got [n, 3]",
    ],
    action: { call in
      let survey = Survey(call.session)
      let input = call.isGiven(1) ? try input(call) : survey.inferred(call.raw(0))
      survey.visit(call.raw(0), "", input)
      let total = call.session.parameters(of: call.raw(0)).reduce(0) {
        $0 + $1.parameter.node.shape.count
      }
      let note =
        input == nil ? "for shapes give an input: summary(net, [32, 784])" : nil
      return .foreign(SummaryObject(survey.rows, total: total, note: note))
    })

  /// Zeros of a shape, or the data themselves.
  private static func input(_ call: Call) throws -> Node {
    let value = call.value(1)
    if case .foreign = value { return try call.data(1) }
    if let node = call.session.node(value), node.shape.rank != 1 { return node }
    let sizes = try (call.elements(1)).map { try call.session.whole($0, "a size") }
    guard sizes.allSatisfy({ $0 >= 0 }) else {
      throw Problem(.value, "sizes of input are at least 0", argument: 1)
    }
    let graph = call.session.graph
    return try graph.record(.full, [graph.constant(0)], Attributes(sizes: sizes))
  }
}

/// Goes through a model with an input and notes what comes out behind each layer.
private final class Survey {
  private let session: Session
  private(set) var rows: [SummaryObject.Row] = []
  private var seen: Set<ObjectIdentifier> = []
  private var isInferred = false

  init(_ session: Session) { self.session = session }

  /// A row for the first layer that says how long it is.
  func inferred(_ net: Value) -> Node? {
    for (_, leaf) in session.leaves(of: net) {
      guard case .foreign(let object as LayerObject) = leaf, let width = object.layer.call.inputs
      else { continue }
      isInferred = true
      let graph = session.graph
      return try? graph.record(.full, [graph.constant(0)], Attributes(sizes: [1, width]))
    }
    return nil
  }

  /// Adds the rows of a value; gives what it makes of its input, nil where that is not known.
  @discardableResult
  func visit(_ value: Value, _ path: String, _ input: Node?) -> Node? {
    switch value {
    case .function(let composition as CompositionObject):
      var current = input
      for (place, stage) in composition.stages.enumerated() {
        current = visit(stage, Session.joined(path, "[\(place)]"), current)
      }
      return current
    case .foreign(let model as ModelObject): return visit(model, path, input)
    default:
      let (output, fault) = result(value, input)
      add(value, path, output, fault)
      return output
    }
  }

  /// The members of a model, as its forward pass calls them, and the model itself behind them.
  private func visit(_ model: ModelObject, _ path: String, _ input: Node?) -> Node? {
    var outputs: [ObjectIdentifier: Node] = [:]
    var failed: Set<ObjectIdentifier> = []
    let outer = session.watch
    session.watch = { [session] object, value in
      guard !(object is ModelObject) else { return }
      if let value, let node = session.node(value) {
        outputs[ObjectIdentifier(object)] = node
      } else if value == nil {
        failed.insert(ObjectIdentifier(object))
      }
    }
    let (output, fault) = result(.foreign(model), input)
    session.watch = outer
    var isTold = false
    for (place, leaf) in session.leaves(of: .foreign(model)) {
      guard case .foreign(let object) = leaf, object.isCallable || !object.parameters.isEmpty else {
        continue
      }
      let key = ObjectIdentifier(object)
      let own = failed.contains(key) && !isTold ? fault : nil
      isTold = isTold || own != nil
      add(leaf, Session.joined(path, place), outputs[key], own)
    }
    let source = (try? session.echo(.foreign(model))) ?? model.name
    rows.append(
      SummaryObject.Row(
        path: path, what: Survey.short(source), output: output.map(shape),
        fault: isTold ? nil : fault))
    return output
  }

  private func result(_ value: Value, _ input: Node?) -> (Node?, String?) {
    guard let input else { return (nil, nil) }
    let (random, output) = (session.graph.random, session.output)
    session.output = { _ in }
    defer { (session.graph.random, session.output) = (random, output) }
    do {
      guard let node = session.node(try session.call(value, [.tensor(input)])) else {
        return (nil, nil)
      }
      return (node, nil)
    } catch {
      let message = session.diagnostics(error).first?.message ?? "\(error)"
      guard isInferred else { return (nil, message) }
      return (
        nil,
        message.split(separator: "[1, ", omittingEmptySubsequences: false).joined(separator: "[n, ")
      )
    }
  }

  /// A layer that stands in two places has its params in the first.
  private func add(_ value: Value, _ path: String, _ output: Node?, _ fault: String?) {
    let own = session.parameters(of: value).filter {
      seen.insert(ObjectIdentifier($0.parameter)).inserted
    }
    var source = (try? session.echo(value)) ?? value.typeName
    if case .function(let function) = value, !(function is ClosureObject) { source = function.name }
    if case .foreign(let object) = value, object is ParameterObject { source = "param" }
    rows.append(
      SummaryObject.Row(
        path: path, what: Survey.short(source),
        output: output.map(shape)
          ?? (value.isParameter ? session.node(value).map { "\($0.shape)" } : nil),
        parameters: own.reduce(0) { $0 + $1.parameter.node.shape.count }, fault: fault))
  }

  private static func short(_ source: String) -> String {
    let line = source.prefix { $0 != "#" && $0 != "\n" }
    return line.split(separator: " ").joined(separator: " ")
  }

  /// Behind an input that nobody gave, the number of rows is anything.
  private func shape(_ node: Node) -> String {
    let dims = node.shape.dims
    guard isInferred, dims.first == 1 else { return "\(node.shape)" }
    return "[" + (["n"] + dims.dropFirst().map(String.init)).joined(separator: ", ") + "]"
  }
}
