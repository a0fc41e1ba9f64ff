// A model as the text that makes it, kept in a saved file, and read back as data: no file can make
// a program do more than put layers together.

import Autodiff
import Diagnostics
import Interpreter
import Neural
import Syntax

enum ModelSource {
  /// Where a safetensors file has it among its metadata.
  static let key = "nns.model"

  /// `dense(2, 4) >> tanh`; nil where a part cannot be written down (a lambda, a captured value, a
  /// layer that stands in two places).
  static func text(_ value: Value, _ session: Session) -> String? {
    let layers = session.leaves(of: value).compactMap { _, leaf -> ObjectIdentifier? in
      guard case .foreign(let object) = leaf, !object.parameters.isEmpty else { return nil }
      return ObjectIdentifier(object)
    }
    guard Set(layers).count == layers.count else { return nil }
    var paths: [ObjectIdentifier: String] = [:]
    for (path, parameter) in session.parameters(of: value) {
      paths[ObjectIdentifier(parameter)] = path
    }
    return written(value, session, paths)
  }

  /// - Parameter paths: of the params in what is saved.
  private static func written(
    _ value: Value, _ session: Session, _ paths: [ObjectIdentifier: String]
  ) -> String? {
    let all = { (parts: [Value], separator: String) -> String? in
      let texts = parts.compactMap { written($0, session, paths) }
      return texts.count == parts.count ? texts.joined(separator: separator) : nil
    }
    switch value {
    case .number, .bool: return try? session.echo(value)
    case .string(let string): return EncodedTable.quoted(string.text)
    case .function(let composition as CompositionObject): return all(composition.stages, " >> ")
    case .function(let host as HostFunctionObject): return host.name
    case .foreign(let layer as LayerObject): return layer.layer.source
    case .foreign(let optimizer as OptimizerObject): return optimizer.source(paths)
    case .foreign(let encoded as EncodedTable): return encoded.source
    case .foreign(let fitted as FittedObject): return fitted.source
    case .foreign(let undo as FittedUndoObject): return "\(undo.object.source).undo"
    case .foreign(let model as ModelObject):
      return all(model.arguments, ", ").map { "\(model.name)(\($0))" }
    case .tuple(let tuple):
      return all(tuple.elements, ", ").map { tuple.elements.count == 1 ? "(\($0),)" : "(\($0))" }
    case .list(let list): return all(list.elements, ", ").map { "[\($0)]" }
    case .record(let record):
      let fields = record.fields.compactMap { name, value in
        written(value, session, paths).map { "\(name): \($0)" }
      }
      return fields.count == record.fields.count ? "{\(fields.joined(separator: ", "))}" : nil
    default: return nil
    }
  }

  /// The model that a text describes.
  static func make(_ text: String, _ path: String, _ session: Session) throws -> Value {
    let (program, diagnostics) = Parser.parse(SourceText(name: path, text: text))
    guard diagnostics.isEmpty, program.statements.count == 1,
      case .expression(let expr) = program.statements[0].kind
    else { throw foreign(path) }
    let model = try value(expr, path, session)
    let parameters = session.parameters(of: model)
    return try session.replacing(model) { leaf in
      guard case .foreign(let waiting as WaitingOptimizer) = leaf else { return leaf }
      return try .foreign(waiting.optimizer(parameters) ?? { throw foreign(path) }())
    }
  }

  private static func foreign(_ path: String) -> Problem {
    Problem(
      .data, "\(path) describes its model in a way that is not understood", argument: 0,
      help: "write load(net, \"\(path)\") with a net of the same shape")
  }

  private static func value(_ expr: Expr, _ path: String, _ session: Session) throws -> Value {
    let all = { (parts: [Expr]) in try parts.map { try value($0, path, session) } }
    switch expr.kind {
    case .number(let x, _): return .number(x)
    case .bool(let flag): return .bool(flag)
    case .unary(.negate, let inner):
      guard case .number(let x, _) = inner.kind else { throw foreign(path) }
      return .number(-x)
    case .string(let pieces): return .string(try plain(pieces, path))
    case .parenthesized(let inner): return try value(inner, path, session)
    case .compose(let parts): return try session.compose(all(parts))
    case .tuple(let parts): return .tuple(try all(parts))
    case .brackets(let parts): return .list(try all(parts))
    case .record(let fields):
      return .record(try fields.map { ($0.0.name, try value($0.1, path, session)) })
    case .field(let inner, let name):
      guard name.name == "undo",
        case .foreign(let fitted as FittedObject) = try value(inner, path, session),
        fitted.kind.undo != nil
      else { throw foreign(path) }
      return .foreign(FittedUndoObject(fitted))
    case .name(let name):
      guard case .function(let host as HostFunctionObject) = session.globals[name],
        ["Tensors", "Layers"].contains(host.function.category)
      else { throw foreign(path) }
      return .function(host)
    case .call(let callee, let arguments):
      guard case .name(let name) = callee.kind else { throw foreign(path) }
      return try called(name, arguments, path, session)
    default: throw foreign(path)
    }
  }

  private static func called(
    _ name: String, _ arguments: [Argument], _ path: String, _ session: Session
  ) throws -> Value {
    var plain: [Value] = []
    var named: [(String, Value)] = []
    for argument in arguments {
      let value = try value(argument.value, path, session)
      if let label = argument.label {
        named.append((label.name, value))
      } else {
        plain.append(value)
      }
    }
    // What was fitted by its sizes: its numbers are among the tensors.
    if let kind = FittedKind.all.first(where: { $0.name == name }) {
      let sizes = plain.compactMap { value in
        if case .number(let x) = value { Int(exactly: x) } else { nil }
      }
      guard named.isEmpty, sizes.count == plain.count,
        let fitted = FittedObject(saved: kind, sizes: sizes)
      else { throw foreign(path) }
      return .foreign(fitted)
    }
    if name == "encode", named.isEmpty, plain.count == 1 {
      guard let encoded = EncodedTable(saved: plain[0]) else { throw foreign(path) }
      return .foreign(encoded)
    }
    if let rule = Optimizers.all.first(where: { $0.name == name }) {
      guard let waiting = try WaitingOptimizer(rule, plain, named, session) else {
        throw foreign(path)
      }
      return .foreign(waiting)
    }
    if Schedules.all.contains(where: { $0.name == name }), let maker = session.globals[name],
      case .function(_ as HostFunctionObject) = maker
    {
      return try session.call(maker, plain, named: named)
    }
    return try session.call(maker(name, path, session), plain, named: named)
  }

  /// A layer of nns or a model that the program declared.
  private static func maker(_ name: String, _ path: String, _ session: Session) throws -> Value {
    let known = session.globals[name]
    switch known {
    case .function(let host as HostFunctionObject) where host.function.category == "Layers":
      return .function(host)
    case .function(let closure as ClosureObject) where closure.chunk.isModel:
      return .function(closure)
    default:
      throw Problem(
        .name, "\(path) holds a \(name), which is not declared here", argument: 0,
        help: "declare model \(name) before, as it was when the file was saved")
    }
  }

  /// A string without anything to evaluate in it.
  private static func plain(_ pieces: [StringPiece], _ path: String) throws -> String {
    switch pieces.first {
    case nil: return ""
    case .text(let text)? where pieces.count == 1: return text
    default: throw foreign(path)
    }
  }
}
