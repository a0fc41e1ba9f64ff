// Layers as values of the language.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Neural

/// A native layer.
final class LayerObject: ForeignObject {
  let layer: any Layer
  private let label: LayerLabel
  /// Where the source made it.
  private let origin: Origin
  init(_ layer: any Layer, origin: Origin) {
    (self.layer, self.origin) = (layer, origin)
    label = LayerLabel(
      source: layer.source, parameters: layer.allParameters + layer.allState)
  }

  var typeName: String { "layer" }
  var isCallable: Bool { true }
  /// One that keeps a state changes it.
  var recordsOnly: Bool { layer.allState.isEmpty }
  private var kept: [(name: String, parameter: Parameter)] { layer.parameters + layer.state }
  var fieldNames: [String] { kept.map(\.name) + layer.layers.map(\.name) }
  var parameters: [(path: String, parameter: Parameter)] {
    layer.allParameters.map { ($0.name, $0.parameter) }
  }
  func field(_ name: String, _ session: Session) throws -> Value? {
    if let inner = layer.layers.first(where: { $0.name == name })?.layer {
      return .foreign(LayerObject(inner, origin: origin))
    }
    return kept.first { $0.name == name }.map { .foreign(ParameterObject($0.parameter)) }
  }
  var callParameters: [HostFunction.Parameter]? {
    let operands = layer.call.record.operands
    guard !operands.isEmpty else { return nil }
    return [HostFunction.Parameter("x", "a tensor")]
      + operands.map {
        HostFunction.Parameter($0.name, $0.summary, default: .optional("none"))
      }
  }
  func call(_ call: Call) throws -> Value {
    let x = try call.tensor(0)
    let operands = try layer.call.record.operands.indices.map {
      call.isGiven($0 + 1) ? try call.tensor($0 + 1) : nil
    }
    do {
      return .tensor(
        try call.session.graph.grouped(label) {
          try layer.forward(x, operands, isTraining: call.isTraining)
        })
    } catch let problem as OperatorProblem where problem.operands == [0] {
      throw misfit(problem, call.session)
    }
  }

  /// Which layer it was: under which name the user has it, and where it was made.
  private func misfit(_ problem: OperatorProblem, _ session: Session) -> any Error {
    guard problem.message.hasPrefix(layer.source) else { return problem }
    let path = label.text == layer.source ? "" : ", which is \(label.text),"
    var result = Problem(
      DiagnosticKind(rawValue: problem.kind.rawValue) ?? .shape,
      layer.source + path + problem.message.dropFirst(layer.source.count), argument: 0,
      help: problem.help)
    if let span = session.span(origin) {
      result.notes = ["\(layer.source) was made at \(span.place)"]
    }
    return result
  }

  func copy() throws -> any ForeignObject { LayerObject(layer.copy(), origin: origin) }
  func describe(_ session: Session) throws -> StyledText {
    let count = layer.allParameters.reduce(0) { $0 + $1.parameter.node.shape.count }
    return StyledText(layer.source + (count > 0 ? "  # \(count) parameters" : ""))
  }
}

enum LayerFunctions {
  static let all: [HostFunction] = Layers.all.map(layer)
  private typealias P = HostFunction.Parameter

  /// A layer's constructor; one without parameters is the layer itself.
  private static func layer(_ record: LayerRecord) -> HostFunction {
    let isLayer = record.parameters.isEmpty
    return HostFunction(
      name: record.name, summary: record.summary, category: "Layers",
      parameters: isLayer
        ? [P("x", "a tensor")]
        : record.parameters.map { parameter in
          P(
            parameter.name, parameter.summary,
            default: parameter.standard.map { .optional($0.source) } ?? .required)
        },
      details: record.details, examples: record.examples,
      action: { call in
        let arguments = try record.parameters.indices.map { place in
          try argument(record.parameters[place], call, place)
        }
        let layer = try record.make(call.session.graph, LayerCall(record, arguments))
        guard isLayer else {
          return .foreign(LayerObject(layer, origin: call.session.graph.origin))
        }
        return .tensor(try layer.forward(call.tensor(0), isTraining: call.isTraining))
      })
  }

  /// What was given for a parameter, or its standard.
  private static func argument(_ parameter: LayerParameter, _ call: Call, _ place: Int) throws
    -> LayerArgument
  {
    if let standard = parameter.standard, !call.isGiven(place) { return standard }
    switch parameter.kind {
    case .number: return .number(try call.number(place))
    case .flag: return .flag(try call.bool(place, default: false))
    case .size(let least):
      let size = try call.int(place)
      guard size >= least else {
        throw Problem(
          .value, "\(parameter.name) of \(call.name) is at least \(least), not \(size)",
          argument: place)
      }
      return .number(Double(size))
    case .sizes(let axes, let least):
      return LayerArgument(try call.sizes(place, axes: axes, atLeast: least))
    case .padding(let axes):
      return try call.isSame(place)
        ? .word("same") : LayerArgument(call.sizes(place, axes: axes, atLeast: 0))
    case .word(let words):
      let word = try call.string(place)
      guard words.contains(word) else {
        throw Problem(
          .value,
          "\(parameter.name) of \(call.name) is one of \(words.joined(separator: ", ")), not '\(word)'",
          argument: place,
          help: Suggestion.nearest(to: word, in: words).map { "did you mean \"\($0)\"?" })
      }
      return .word(word)
    }
  }
}

extension LayerArgument {
  /// One number where all axes have it.
  fileprivate init(_ sizes: [Int]) {
    self = sizes.count == 1 ? .number(Double(sizes[0])) : .sizes(sizes)
  }
}
