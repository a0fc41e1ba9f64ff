// What failing statements leave, and what undo takes back.

import Diagnostics
import Interpreter
import Library
import Testing

@Suite("Journal")
struct JournalTests {
  /// Whether a program ran to its end.
  private func run(_ session: Session, _ text: String) -> Bool {
    do {
      try session.run(SourceText(name: "test", text: text))
      return true
    } catch { return false }
  }

  private func text(_ session: Session, _ name: String) throws -> String {
    try session.globals[name].map { try session.echo($0) } ?? "nothing"
  }

  @Test("the unfinished turn of a loop is taken back, the finished ones stay and can be undone")
  func failingLoop() throws {
    let session = Library.makeSession { _ in }
    #expect(
      run(session, "let n = 0\nlet xs = [none, none, none]\nparam w = 1\nlet c = 0\n"))
    #expect(run(session, "fn count() { c = c + 1 }"))
    let loop = """
      for i in 0..5 {
        n = n + 1
        count()
        w = w + 1
        xs[i] = n
      }
      """
    #expect(!run(session, loop))
    #expect(try text(session, "n") == "3")
    #expect(try text(session, "c") == "3")
    #expect(try text(session, "w") == "4")
    #expect(try text(session, "xs") == "[1, 2, 3]")
    let undone = session.undo() != nil
    #expect(undone)
    #expect(try text(session, "n") == "0")
    #expect(try text(session, "c") == "0")
    #expect(try text(session, "w") == "1")
    #expect(try text(session, "xs") == "[none, none, none]")
  }

  @Test("undo takes back one statement after the other, captured variables too")
  func undoStack() throws {
    let session = Library.makeSession { _ in }
    #expect(run(session, "fn make() { let k = 0\n() -> { k = k + 1\nk } }\nlet step = make()"))
    #expect(run(session, "let a = step()"))
    #expect(run(session, "a = step() * 10"))
    #expect(try text(session, "a") == "20")
    #expect(session.undo() != nil)
    #expect(try text(session, "a") == "1")
    #expect(run(session, "let b = step()"))
    #expect(try text(session, "b") == "2")
    #expect(session.undo() != nil)
    #expect(try text(session, "b") == "nothing")
  }
}
