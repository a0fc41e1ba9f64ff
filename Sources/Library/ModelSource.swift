// A model as the text that makes it, kept in a saved file, and read back as data: no file can make
// a program do more than put layers together.

import Diagnostics
import Interpreter
import Syntax

enum ModelSource {
  /// Where a safetensors file has it among its metadata.
  static let key = "nns.model"

  /// `dense(2, 4) >> tanh`; nil where a part cannot be written down (a lambda, a captured value).
  static func text(_ value: Value, _ session: Session) -> String? {
    switch value {
    case .function(let composition as CompositionObject):
      let stages = composition.stages.map { text($0, session) }
      let known = stages.compactMap { $0 }
      return known.count == stages.count ? known.joined(separator: " >> ") : nil
    case .function(let host as HostFunctionObject): return host.name
    case .foreign(let layer as LayerObject): return layer.layer.source
    case .foreign(let model as ModelObject):
      let arguments = model.arguments.map { argument -> String? in
        switch argument {
        case .number, .bool, .string: try? session.echo(argument)
        default: nil
        }
      }
      let known = arguments.compactMap { $0 }
      return known.count == arguments.count
        ? "\(model.name)(\(known.joined(separator: ", ")))" : nil
    default: return nil
    }
  }

  /// The model that a text describes.
  static func make(_ text: String, _ path: String, _ session: Session) throws -> Value {
    let (program, diagnostics) = Parser.parse(SourceText(name: path, text: text))
    guard diagnostics.isEmpty, program.statements.count == 1,
      case .expression(let expr) = program.statements[0].kind
    else { throw foreign(path) }
    return try value(expr, path, session)
  }

  private static func foreign(_ path: String) -> Problem {
    Problem(
      .data, "\(path) describes its model in a way that is not understood", argument: 0,
      help: "write load(net, \"\(path)\") with a net of the same shape")
  }

  private static func value(_ expr: Expr, _ path: String, _ session: Session) throws -> Value {
    switch expr.kind {
    case .parenthesized(let inner): return try value(inner, path, session)
    case .compose(let parts):
      return .function(CompositionObject(try parts.map { try value($0, path, session) }))
    case .name(let name):
      guard case .function(let host as HostFunctionObject) = session.globals[name],
        ["Tensors", "Layers"].contains(host.function.category)
      else { throw foreign(path) }
      return .function(host)
    case .call(let callee, let arguments):
      guard case .name(let name) = callee.kind else { throw foreign(path) }
      let maker = try maker(name, path, session)
      var plain: [Value] = []
      var named: [(String, Value)] = []
      for argument in arguments {
        let value = try literal(argument.value, path)
        if let label = argument.label {
          named.append((label.name, value))
        } else {
          plain.append(value)
        }
      }
      return try session.call(maker, plain, named: named)
    default: throw foreign(path)
    }
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

  private static func literal(_ expr: Expr, _ path: String) throws -> Value {
    switch expr.kind {
    case .number(let x, _): return .number(x)
    case .bool(let flag): return .bool(flag)
    case .unary(.negate, let inner):
      guard case .number(let x, _) = inner.kind else { throw foreign(path) }
      return .number(-x)
    case .string(let pieces):
      guard pieces.count <= 1 else { throw foreign(path) }
      if case .text(let text)? = pieces.first { return .string(text) }
      guard pieces.isEmpty else { throw foreign(path) }
      return .string("")
    default: throw foreign(path)
    }
  }
}
