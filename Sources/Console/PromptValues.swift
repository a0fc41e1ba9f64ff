// Values in one line, and what a definition shows.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Library
import Syntax

extension Prompt {
  /// A definition shows a short form of what it defined.
  func showDefinition(_ statement: Statement) {
    for name in Self.names(definedBy: statement) {
      guard let value = session.globals[name] else { continue }
      say(fitted("\(name) : \(brief(value))", columns: max(20, session.width)))
    }
  }

  /// A value in one line: `f32 [784, 128]  mean 0.00  sd 0.05`.
  func brief(_ value: Value) -> String {
    guard let node = session.node(value), node.shape.rank > 0 else { return shortForm(value) }
    var text = "\(node.dtype.name) \(node.shape)"
    if let values = try? session.graph.values(node), !values.isEmpty, node.dtype != .bool {
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      text +=
        "  mean \(NumberFormat.significant(mean, digits: 3))"
        + "  sd \(NumberFormat.significant(variance.squareRoot(), digits: 3))"
    }
    return text
  }

  /// As `brief`, without looking at the numbers of a tensor: quick enough for Tab.
  func shortForm(_ value: Value) -> String {
    if let node = session.node(value), node.shape.rank > 0 {
      return "\(node.dtype.name) \(node.shape)"
    }
    switch value {
    case .list(let list) where list.elements.count > 20: return "list of \(list.elements.count)"
    case .function(let closure as ClosureObject):
      let kind = closure.chunk.isModel ? "model" : "fn"
      return kind + "(" + Reference.parameters(of: closure).joined(separator: ", ") + ")"
    case .function(let host as HostFunctionObject): return Reference.signature(host.function)
    default: break
    }
    let text = (try? session.echo(value)) ?? value.typeName
    return fitted(text, columns: max(20, session.width - 10))
  }

  /// What `:vars` calls its kind.
  func kind(_ name: String) -> String {
    guard let value = session.globals[name] else { return "" }
    switch value {
    case .function(let closure as ClosureObject): return closure.chunk.isModel ? "model" : "fn"
    case .function(let composition as CompositionObject):
      return session.parameters(of: .function(composition)).isEmpty ? "fn" : "net"
    default: return value.typeName
    }
  }

  /// Bytes of the tensors in a value.
  func bytes(_ value: Value) -> Int {
    let own = session.parameters(of: value).reduce(0) { $0 + size($1.parameter.node) }
    if own > 0 { return own }
    switch value {
    case .tensor(let tensor): return size(tensor.node)
    case .list(let list): return list.elements.reduce(0) { $0 + bytes($1) }
    case .tuple(let tuple): return tuple.elements.reduce(0) { $0 + bytes($1) }
    case .record(let record): return record.fields.reduce(0) { $0 + bytes($1.value) }
    default: return 0
    }
  }

  private func size(_ node: Node) -> Int { node.shape.count * node.dtype.size }
}
