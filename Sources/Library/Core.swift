// Functions of the language itself: printing, lists, strings.

import Autodiff
import Diagnostics
import Engine
import Interpreter

enum CoreFunctions {
  static let all: [HostFunction] = [
    print, len, type, list, append, extend, map, filter, reduce, zip, enumerate, error, copy,
    join, upper, lower, trim, replace, contains, startsWith, parseNumber,
  ]

  private typealias P = HostFunction.Parameter

  private static func function(
    _ name: String, _ summary: String, _ category: String, _ parameters: [HostFunction.Parameter],
    _ examples: [String], brief: HostFunction.Brief? = nil, _ action: @escaping HostFunction.Action
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: category, parameters: parameters,
      examples: examples, brief: brief, action: action)
  }

  static let print: HostFunction = function(
    "print", "Writes values in one line.", "Language",
    [P("values", "anything", default: .rest)], ["print(1 + 1)"]
  ) { call in
    var text = StyledText()
    for (index, value) in call.rest.enumerated() {
      if index > 0 { text.append(" ") }
      switch value {
      case .foreign: text.append(indenting: try call.session.describe(value))
      case .string(let string): text.append(string.text)
      default: text.append(indenting: StyledText(try call.session.display(value)))
      }
    }
    call.session.output(text)
    return .none
  }

  static let len: HostFunction = function(
    "len", "How many elements, rows or characters there are.", "Language",
    [P("x", "a list, tensor, table, string …")], ["len([1, 2, 3])  # => 3", "len(\"hé\")  # => 2"],
    brief: HostFunction.Brief(1) { session, x, _ in session.length(x).map { .number(Double($0)) } }
  ) { call in
    guard let count = call.session.length(call.value(0)) else {
      throw Problem(.type, "\(call.value(0).typePhrase) has no length", argument: 0)
    }
    return .number(Double(count))
  }

  static let type: HostFunction = function(
    "type", "The kind of a value as text.", "Language", [P("x", "anything")],
    ["type([1])  # => tensor"]
  ) { call in .string(call.value(0).typeName) }

  static let list: HostFunction = function(
    "list", "A list of anything.", "Lists", [P("values", "the elements", default: .rest)],
    ["len(list(1, \"a\"))  # => 2"]
  ) { call in .list(call.rest.map { $0 }) }

  static let append: HostFunction = function(
    "append", "A list with one element more.", "Lists",
    [P("xs", "a list"), P("value", "the new last element")], ["append(list(1), 2)  # => [1, 2]"],
    brief: HostFunction.Brief(2) { _, xs, value in
      guard case .list(let list) = xs else { return nil }
      return .list(list.appending(CollectionOfOne(value)))
    }
  ) { call in
    if case .list(let list) = call.value(0) { return .list(list.appending([call.value(1)])) }
    return .list(try call.elements(0) + [call.value(1)])
  }

  static let extend: HostFunction = function(
    "extend", "Two lists, one after the other.", "Lists", [P("xs", "a list"), P("ys", "a list")],
    ["extend(list(1), list(2, 3))  # => [1, 2, 3]"]
  ) { call in
    let more = try call.elements(1)
    if case .list(let list) = call.value(0) {
      try call.session.reserve(2 * more.count)
      return .list(list.appending(more))
    }
    let elements = try call.elements(0)
    try call.session.reserve(elements.count + more.count)
    return .list(elements + more)
  }

  /// Numbers become a tensor again where a tensor went in.
  private static func regroup(_ values: [Value], like source: Value, _ session: Session) throws
    -> Value
  {
    if case .list = source { return .list(values) }
    return try session.brackets(values)
  }

  static let map: HostFunction = function(
    "map", "A function applied to every element.", "Lists",
    [P("xs", "a list or tensor"), P("f", "a function of one argument")],
    ["map([1, 2, 3], x -> x^2)  # => [1, 4, 9]"]
  ) { call in
    let f = try call.function(1)
    let values = try call.session.collect { values in
      for element in try call.elements(0) {
        try call.session.poll()
        values.append(try call.invoke(f, [element]))
      }
    }
    return try regroup(values, like: call.value(0), call.session)
  }

  static let filter: HostFunction = function(
    "filter", "The elements for which a function is true.", "Lists",
    [P("xs", "a list or tensor"), P("f", "a function that gives a bool")],
    ["filter(list(1, 2, 3), x -> x > 1)  # => [2, 3]"]
  ) { call in
    let f = try call.function(1)
    let values = try call.session.collect { values in
      for element in try call.elements(0) {
        try call.session.poll()
        if try call.session.condition(call.invoke(f, [element])) { values.append(element) }
      }
    }
    return try regroup(values, like: call.value(0), call.session)
  }

  static let reduce: HostFunction = function(
    "reduce", "All elements combined, from the left, beginning with start.", "Lists",
    [P("xs", "a list or tensor"), P("f", "a function of two"), P("start", "the first value")],
    ["reduce([1, 2, 3], (a, b) -> a + b, 0)  # => 6"]
  ) { call in
    let f = try call.function(1)
    return try call.elements(0).reduce(call.value(2)) { result, element in
      try call.session.poll()
      return try call.invoke(f, [result, element])
    }
  }

  static let zip: HostFunction = function(
    "zip", "Elements that belong together, as tuples; as many as the shorter has.", "Lists",
    [P("xs", "a list"), P("ys", "a list")], ["zip(list(1, 2), list(3, 4))[1]  # => (2, 4)"]
  ) { call in
    let (xs, ys) = (try call.elements(0), try call.elements(1))
    return try tuples(min(xs.count, ys.count), call.session) { [xs[$0], ys[$0]] }
  }

  static let enumerate: HostFunction = function(
    "enumerate", "Elements with their index.", "Lists", [P("xs", "a list")],
    ["enumerate(list(\"a\"))[0]  # => (0, \"a\")"]
  ) { call in
    let xs = try call.elements(0)
    return try tuples(xs.count, call.session) { [.number(Double($0)), xs[$0]] }
  }

  private static func tuples(_ count: Int, _ session: Session, _ parts: (Int) -> [Value]) throws
    -> Value
  {
    .list(
      try session.collect { tuples in
        for index in 0..<count {
          if index & 0xFFF == 0 {
            try session.reserve(0x1000, 144)
            try session.poll()
          }
          tuples.append(.tuple(parts(index)))
        }
      })
  }

  static let error: HostFunction = function(
    "error", "Stops with your message.", "Language", [P("message", "what is wrong")],
    ["error(\"no data\")  # error: error"]
  ) { call in throw Problem(.error, try call.session.display(call.value(0))) }

  static let copy: HostFunction = function(
    "copy", "A model, layer or param of its own with the same numbers.", "Language",
    [P("x", "anything")], ["let net = dense(2, 2)\nlet other = copy(net)\nother == net  # => false"]
  ) { call in try Library.copy(call.raw(0), call.session) }

  static let join: HostFunction = function(
    "join", "Strings with a separator between them.", "Strings",
    [P("xs", "a list of strings"), P("separator", "a string", default: .optional("\"\""))],
    ["join([\"a\", \"b\"], \"-\")  # => a-b"]
  ) { call in
    let separator = try call.string(1, default: "")
    var text = ""
    for (index, element) in try call.elements(0).enumerated() {
      if index & 0xFF == 0 { try call.session.poll() }
      let part = try call.session.display(element)
      try call.session.reserve(part.utf8.count + separator.utf8.count, 1)
      if index > 0 { text += separator }
      text += part
    }
    return .string(text)
  }

  static let upper: HostFunction = function(
    "upper", "In capitals.", "Strings", [P("s", "a string")], ["upper(\"abc\")  # => ABC"]
  ) { call in .string(try call.string(0).uppercased()) }

  static let lower: HostFunction = function(
    "lower", "Without capitals.", "Strings", [P("s", "a string")], ["lower(\"ABC\")  # => abc"]
  ) { call in .string(try call.string(0).lowercased()) }

  static let trim: HostFunction = function(
    "trim", "Without the white space at both ends.", "Strings", [P("s", "a string")],
    ["trim(\"  x \")  # => x"]
  ) { call in
    var text = Substring(try call.string(0))
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return .string(String(text))
  }

  static let replace: HostFunction = function(
    "replace", "Every occurrence of a piece replaced.", "Strings",
    [P("s", "a string"), P("piece", "what to replace"), P("by", "the replacement")],
    ["replace(\"aXbX\", \"X\", \"y\")  # => ayby"]
  ) { call in
    let piece = try call.string(1)
    guard !piece.isEmpty else {
      throw Problem(.value, "the piece to replace is empty", argument: 1)
    }
    return .string(try replacing(try call.string(0), piece, by: try call.string(2), call.session))
  }

  private static func replacing(
    _ text: String, _ piece: String, by replacement: String, _ session: Session
  ) throws -> String {
    // Where every byte is a character, bytes are looked at; a line end of two bytes is one character.
    guard text.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x0D }) else {
      return try replacingCharacters(text, piece, by: replacement, session)
    }
    let (bytes, wanted, new) = (Array(text.utf8), Array(piece.utf8), Array(replacement.utf8))
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var (position, checked) = (0, 0)
    while position < bytes.count {
      if position + result.count - checked >= 1 << 20 {
        try session.reserve(position + result.count - checked, 1)
        checked = position + result.count
        try session.poll()
      }
      var matched = 0
      while matched < wanted.count, position + matched < bytes.count,
        bytes[position + matched] == wanted[matched]
      {
        matched += 1
      }
      if matched == wanted.count {
        result += new
        position += matched
      } else {
        result.append(bytes[position])
        position += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func replacingCharacters(
    _ text: String, _ piece: String, by replacement: String, _ session: Session
  ) throws -> String {
    let length = piece.count
    var result = ""
    var rest = text[...]
    var steps = 0
    while let first = rest.first {
      steps += 1
      if steps & 0xFFF == 0 {
        try session.poll()
        try session.reserve(0x1000 * (4 + replacement.utf8.count), 1)
      }
      if first == piece.first, rest.prefix(length) == piece {
        result += replacement
        rest = rest.dropFirst(length)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  static let contains: HostFunction = function(
    "contains", "Whether a string has a piece, or a list an element.", "Strings",
    [P("s", "a string or list"), P("piece", "what to look for")],
    ["contains(\"hello\", \"ell\")  # => true", "contains(list(1, 2), 3)  # => false"]
  ) { call in
    if case .string(let text) = call.value(0) {
      return .bool(text.text.contains(try call.string(1)))
    }
    return .bool(
      try call.elements(0).contains { try call.session.isEqual($0, call.value(1)) })
  }

  static let startsWith: HostFunction = function(
    "starts_with", "Whether a string begins so.", "Strings",
    [P("s", "a string"), P("start", "a string")], ["starts_with(\"hello\", \"he\")  # => true"]
  ) { call in .bool(try call.string(0).hasPrefix(call.string(1))) }

  static let parseNumber: HostFunction = function(
    "parse_number", "The number that a string spells.", "Strings", [P("s", "a string")],
    ["parse_number(\"3.5\") + 1  # => 4.5", "parse_number(\"three\")  # error: value"],
    brief: HostFunction.Brief(1) { _, text, _ in
      guard case .string(let string) = text else { return nil }
      return digits(string.text).map { .number(Double($0)) }
    }
  ) { call in
    let text = try call.string(0)
    guard let x = Double(text.filter { $0 != " " }) else {
      throw Problem(.value, "\"\(text)\" is no number", argument: 0)
    }
    return .number(x)
  }

  /// The whole number that at most fifteen digits and nothing else spell.
  private static func digits(_ text: String) -> Int? {
    guard !text.isEmpty, text.utf8.count < 16 else { return nil }
    var number = 0
    for byte in text.utf8 {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      number = number * 10 + Int(byte - 0x30)
    }
    return number
  }
}
