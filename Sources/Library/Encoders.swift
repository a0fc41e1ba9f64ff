// encode: a table of numbers, and what made them for tables that come later.

import Autodiff
import Datasets
import Diagnostics
import Engine
import Interpreter

/// What `encode` gives: the table of numbers, which encodes other tables alike when it is called.
final class EncodedTable: TableObject {
  let encoder: Encoder

  init(_ encoder: Encoder, _ table: Table) {
    self.encoder = encoder
    super.init(table)
  }

  override var isCallable: Bool { true }
  override var callParameters: [HostFunction.Parameter]? {
    [HostFunction.Parameter("table", "a table with the same columns")]
  }

  override func call(_ call: Call) throws -> Value {
    guard case .foreign(let object as TableObject) = call.value(0) else {
      throw Problem(.type, "encode wants a table, not \(call.value(0).typePhrase)", argument: 0)
    }
    do throws(DataProblem) {
      return .foreign(TableObject(try encoder.encode(object.table)))
    } catch { throw Problem(error, argument: 0) }
  }

  /// As a saved model has it: columns with their words, `encode([("kind", ["a", "b"]), ("area", 0)])`.
  var source: String {
    let columns = encoder.columns.map { column in
      let words = column.words.map { words in
        "[\(words.map(EncodedTable.quoted).joined(separator: ", "))]"
      }
      return "(\(EncodedTable.quoted(column.name)), \(words ?? "0"))"
    }
    return "encode([\(columns.joined(separator: ", "))])"
  }

  /// A string as the language writes it.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for character in text.unicodeScalars {
      switch character {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "{": result += "{{"
      case "}": result += "}}"
      case "\u{0}"..<" ": result += "\\u{\(String(character.value, radix: 16))}"
      default: result.unicodeScalars.append(character)
      }
    }
    return result + "\""
  }

  /// Read back from a saved model; nil where that is not what `source` writes.
  convenience init?(saved: Value) {
    guard case .list(let list) = saved else { return nil }
    var columns: [Encoder.Entry] = []
    for element in list.elements {
      guard case .tuple(let pair) = element, pair.elements.count == 2,
        case .string(let name) = pair.elements[0]
      else { return nil }
      var words: [String]?
      if case .list(let texts) = pair.elements[1] {
        words = texts.elements.compactMap { if case .string(let s) = $0 { s.text } else { nil } }
        guard words?.count == texts.elements.count else { return nil }
      }
      columns.append(Encoder.Entry(name: name.text, words: words))
    }
    let encoder = Encoder(columns: columns)
    let empty = Table(
      columns.map { ($0.name, $0.words == nil ? Column.numbers([]) : .strings([])) })
    guard let table = try? encoder.encode(empty) else { return nil }
    self.init(encoder, table)
  }
}
