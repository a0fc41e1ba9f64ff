// last: the values of names that lived in a loop or a function.

import Autodiff
import Diagnostics
import Engine
import Explain
import Interpreter

/// Its fields are the names in the body of the last loop, and those that a loss remembers.
final class LastValuesObject: ForeignObject {
  private unowned let session: Session

  init(_ session: Session) { self.session = session }

  var typeName: String { "record of last values" }
  var fieldNames: [String] { values().map(\.name).sorted() }

  /// What a name had last; the user's own names are told by themselves.
  private func values() -> [(name: String, value: Value)] {
    let own = Set(session.globals.user.map(\.name))
    var result = session.lastLocals
    for (name, node) in remembered() where !own.contains(name) {
      guard let place = result.firstIndex(where: { $0.name == name }) else {
        result.append((name, .tensor(node)))
        continue
      }
      if let known = session.node(result[place].value), known.serial < node.serial {
        result[place].value = .tensor(node)
      }
    }
    return result
  }

  /// Names of values on the way to the loss of the last backward, and to tensors that the user has.
  private func remembered() -> [(name: String, node: Node)] {
    var roots = session.graph.lastBackward.map { [$0.loss] } ?? []
    for (_, value) in session.globals.user {
      if case .tensor(let tensor) = value, tensor.node.isTracked { roots.append(tensor.node) }
    }
    var found: [(name: String, node: Node)] = []
    for root in roots {
      for (name, node) in Walk.scope(of: root) {
        guard let place = found.firstIndex(where: { $0.name == name }) else {
          found.append((name, node))
          continue
        }
        if found[place].node.serial < node.serial { found[place].node = node }
      }
    }
    return found
  }

  func field(_ name: String, _ session: Session) throws -> Value? {
    let values = values()
    if let value = values.first(where: { $0.name == name })?.value { return value }
    let names = values.map(\.name).sorted()
    var help = Suggestion.nearest(to: name, in: names).map { "did you mean last.\($0)?" }
    if session.globals.user.contains(where: { $0.name == name }) {
      help = "\(name) is there: write \(name)"
    }
    throw Problem(
      .name, "no loop or function has left a value named '\(name)'", argument: 1,
      help: help,
      notes: names.isEmpty ? [] : ["last has " + names.joined(separator: ", ")])
  }

  func describe(_ session: Session) throws -> StyledText {
    let values = values().sorted { $0.name < $1.name }
    guard !values.isEmpty else { return StyledText("no loop or function has left values", .dim) }
    let width = values.map { TextWidth.columns(of: $0.name) }.max() ?? 0
    var text = StyledText()
    for (index, (name, value)) in values.enumerated() {
      if index > 0 { text.append("\n") }
      text.append(name, .name)
      text.append(String(repeating: " ", count: width - TextWidth.columns(of: name) + 2))
      if let node = session.node(value), node.shape.rank > 0 {
        text.append("\(node.dtype.name) \(node.shape)")
      } else {
        text.append(try session.echo(value))
      }
    }
    return text
  }
}
