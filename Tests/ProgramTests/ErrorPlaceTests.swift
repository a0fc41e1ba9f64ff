// An error that only numbers show is marked where its cause stands, whatever runs when it is found.

import Diagnostics
import Interpreter
import Library
import Testing

@Suite("Places of errors")
struct ErrorPlaceTests {
  private func failure(_ text: String) throws -> Diagnostic {
    let session = Library.makeSession { _ in }
    do {
      try session.run(SourceText(name: "test", text: text))
    } catch {
      return try #require(session.diagnostics(error).first)
    }
    throw Diagnostic(.assert, "there was no error")
  }

  @Test("a param that becomes infinite: its store")
  func stores() throws {
    let found = try failure(
      """
      param bb = 1.0
      param a = 2.0
      for i in 0..5 {
        backward(a * bb^2)
        bb -= 0.1 * bb.grad / (2 - i)
        a -= 0.1
        let q = 1
      }
      """)
    #expect(found.kind == .gradient)
    #expect(found.span?.line == 5)
    #expect(found.notes.last == "the 2 finished turns of the loop before it stay")
    #expect(found.notes.first?.contains("/ 0 = inf, in 0.1 * bb.grad / (2 - i)") == true)
  }

  @Test("a class that does not exist, met by the derivative first: the loss", arguments: [0, 3])
  func classes(start: Int) throws {
    let found = try failure(
      """
      let net = dense(2, 3)
      for i in \(start)..5 {
        let l = cross_entropy(net([[1.0, 2], [3, 4]]), [i, 0])
        backward(l)
        net.weight -= 0.1 * net.weight.grad
        print(net.weight[0, 0])
      }
      """)
    #expect(found.kind == .index)
    #expect(found.span?.line == 3)
  }

  @Test("a loss made before a store: the call of backward, with the line of the store")
  func updates() throws {
    let found = try failure(
      "param w = 1.0\nlet loss = w^2\nw -= 0.1\nbackward(loss)")
    #expect(found.message.contains("w was updated at line 3, after loss was made"))
    #expect(found.span?.line == 4)
  }
}
