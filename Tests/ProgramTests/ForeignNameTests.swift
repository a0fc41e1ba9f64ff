// Names of other languages: nns has none of them, and what is offered instead is nns.

import Diagnostics
import Interpreter
import Library
import Syntax
import Testing

@Suite("Foreign names")
struct ForeignNameTests {
  @Test("are no names of nns")
  func areForeign() {
    let session = Library.makeSession { _ in }
    for name in ForeignHabits.names.keys { #expect(session.globals[name] == nil, "\(name)") }
  }

  static let suggestions = ForeignHabits.allNames.filter { $0.help.hasPrefix("write ") }
    .map { ($0.name, String($0.help.dropFirst("write ".count))) }

  @Test("get suggestions that can be read and call what there is", arguments: suggestions)
  func suggestionsAreNns(name: String, suggestion: String) {
    let session = Library.makeSession { _ in }
    guard !suggestion.contains("…"), !suggestion.contains("} else") else { return }
    for text in suggestion.components(between: " or ") {
      let (_, diagnostics) = Parser.parse(SourceText(name: name, text: text))
      #expect(diagnostics.isEmpty, "\(text)")
      for called in text.called where called != "f" && called != "net" {
        #expect(session.globals[called] != nil, "\(called) in \(text)")
      }
    }
  }
}

extension String {
  /// The pieces between a separator.
  fileprivate func components(between separator: String) -> [String] {
    split(separator: separator).map { String($0) }
  }

  /// The names that stand before a parenthesis.
  fileprivate var called: [String] {
    var result: [String] = []
    var word = ""
    for character in self {
      if character.isLetter || character == "_" || character.isNumber {
        word.append(character)
      } else {
        if character == "(", !word.isEmpty { result.append(word) }
        word = ""
      }
    }
    return result
  }
}
