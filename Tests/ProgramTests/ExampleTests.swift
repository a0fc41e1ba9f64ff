// Every example in the reference runs, and gives what it says.

import Diagnostics
import Interpreter
import Library
import Testing

@Suite("Reference")
struct ExampleTests {
  @Test("the examples of a function are true", arguments: Library.functions.map(\.name))
  func examples(_ name: String) throws {
    let function = try #require(Library.functions.first { $0.name == name })
    #expect(!function.examples.isEmpty, "\(name) has no example")
    for example in function.examples {
      let session = Library.makeSession { _ in }
      let report = Expectations.check(SourceText(name: name, text: example), in: session)
      for failure in report.failures {
        Issue.record("\(DiagnosticRenderer.render(failure).plain)")
      }
    }
  }

  @Test("the examples of keywords and operators are true", arguments: Topic.all.map(\.form))
  func topics(_ form: String) throws {
    for example in Topic.all.filter({ $0.form == form }).flatMap(\.examples) {
      let session = Library.makeSession { _ in }
      let report = Expectations.check(SourceText(name: form, text: example), in: session)
      #expect(report.failures.isEmpty)
    }
  }
}
