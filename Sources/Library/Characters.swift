// Texts as numbers: one for each character.

import Autodiff
import Datasets
import Diagnostics
import Engine
import Interpreter

/// `characters(text)`: the characters of a text, numbered in their order.
final class CharactersObject: ForeignObject {
  let alphabet: [Character]
  private let numbers: [Character: Int]

  init(_ alphabet: [Character]) {
    self.alphabet = alphabet
    numbers = Dictionary(uniqueKeysWithValues: alphabet.enumerated().map { ($1, $0) })
  }

  var typeName: String { "alphabet" }
  var isCallable: Bool { true }
  var length: Int? { alphabet.count }
  var fieldNames: [String] { ["undo"] }
  var callParameters: [HostFunction.Parameter]? {
    [HostFunction.Parameter("text", "a text of these characters")]
  }

  func isEqual(to other: any ForeignObject) -> Bool {
    (other as? CharactersObject)?.alphabet == alphabet
  }

  func element(_ index: Int, _ session: Session) throws -> Value? {
    alphabet.indices.contains(index) ? .string(String(alphabet[index])) : nil
  }

  func index(_ items: [IndexValue], _ session: Session) throws -> Value? {
    guard items.count == 1 else { return nil }
    return try session.index(.list(alphabet.map { .string(String($0)) }), items)
  }

  func call(_ call: Call) throws -> Value {
    let text = try call.string(0)
    var codes: [Double] = []
    codes.reserveCapacity(text.utf8.count)
    for (place, character) in text.enumerated() {
      if place & 0xFFFF == 0 { try Graph.checkInterrupt() }
      guard let number = numbers[character] else {
        throw Problem(
          .value,
          "'\(character)', character \(place) of the text, is none of these \(alphabet.count)",
          argument: 0, help: "make the characters of all texts: characters(a + b)")
      }
      codes.append(Double(number))
    }
    return .tensor(
      try call.session.graph.tensor(codes, shape: [codes.count], dtype: .i64))
  }

  func field(_ name: String, _ session: Session) throws -> Value? {
    name == "undo" ? .foreign(CharactersUndoObject(self)) : nil
  }

  func describe(_ session: Session) throws -> StyledText {
    StyledText("characters(\(EncodedTable.quoted(String(alphabet))))  # \(alphabet.count)")
  }
}

/// `c.undo`: numbers as a text.
final class CharactersUndoObject: ForeignObject {
  private let characters: CharactersObject
  init(_ characters: CharactersObject) { self.characters = characters }

  var typeName: String { "function" }
  var isCallable: Bool { true }
  var callParameters: [HostFunction.Parameter]? {
    [HostFunction.Parameter("numbers", "character numbers, [n]")]
  }
  func isEqual(to other: any ForeignObject) -> Bool {
    (other as? CharactersUndoObject)?.characters.alphabet == characters.alphabet
  }

  func call(_ call: Call) throws -> Value {
    let x = try call.tensor(0)
    guard x.shape.rank < 2 else {
      throw Problem(.shape, "undo wants numbers [n], not \(x.shape)", argument: 0)
    }
    var text = ""
    for value in try call.session.graph.values(x) {
      guard let number = Int(exactly: value), characters.alphabet.indices.contains(number) else {
        throw Problem(
          .index,
          "\(NumberFormat.shortest(value)) is the number of no character; there are "
            + "\(characters.alphabet.count)", argument: 0)
      }
      text.append(characters.alphabet[number])
    }
    return .string(text)
  }

  func describe(_ session: Session) throws -> StyledText {
    StyledText("characters.undo  # \(characters.alphabet.count)")
  }
}

enum TextFunctions {
  static let all: [HostFunction] = [readText, characters]
  private typealias P = HostFunction.Parameter

  static let readText: HostFunction = HostFunction(
    name: "read_text", summary: "The text of a file.", category: "Files",
    parameters: [P("path", "a file of UTF-8; it may end in .gz")],
    examples: ["read_text(\"no-such-file.txt\")  # error: file"],
    action: { call in
      let path = try call.string(0)
      let bytes = try FileFormat.bytes(call, path, limit: WholeFile.limit)
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Problem(.data, "\(path) is no text: it is not UTF-8", argument: 0)
      }
      return .string(text)
    })

  static let characters: HostFunction = HostFunction(
    name: "characters",
    summary: "The characters of a text, numbered: c(text) gives numbers, c.undo(numbers) the text.",
    category: "Strings", parameters: [P("text", "a text with all characters that there are")],
    details: [
      "len(c) is how many there are, c[3] the one of number 3; they are in Unicode's order."
    ],
    examples: [
      "let c = characters(\"hello\")\nc(\"hole\")  # => [1, 3, 2, 0]\nc.undo([1, 0])  # => he\n"
        + "len(c)  # => 4",
      "characters(\"ab\")(\"abc\")  # error: value",
    ],
    action: { call in
      let text = try call.string(0)
      guard !text.isEmpty else {
        throw Problem(.value, "an empty text has no characters", argument: 0)
      }
      return .foreign(CharactersObject(Set(text).sorted()))
    })
}
