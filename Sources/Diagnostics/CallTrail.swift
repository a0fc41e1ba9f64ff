// The calls that led to an error. They become known from the inside out: a function that native code
// called is left before anybody knows where that native code was called.

package struct CallTrail: Sendable {
  /// What is said about an argument where the function was called.
  package struct ArgumentLabel: Sendable {
    package var index: Int
    package var name: String
    package var text: String

    package init(index: Int, name: String, text: String) {
      (self.index, self.name, self.text) = (index, name, text)
    }
  }

  private static let shown = 3
  /// The innermost ones.
  private var calls: [(function: String, place: SourceSpan)] = []
  private var count = 0
  /// The outermost function so far: its call is not known yet.  Empty for no function.
  private var outermost: String
  /// Arguments of that function to be labelled at its call.
  package var pending: [ArgumentLabel] = []

  package init(_ function: String = "") { outermost = function }

  /// Whether the call that comes next is that of a function.
  package var awaitsCall: Bool { !outermost.isEmpty }

  /// The function so far was called at a place in `caller`.
  package mutating func add(_ place: SourceSpan, in caller: String) {
    if awaitsCall {
      if calls.count < CallTrail.shown { calls.append((outermost, place)) }
      count += 1
    }
    outermost = caller
  }

  /// One line a call, the innermost first.
  package var notes: [String] {
    let more = count > calls.count ? ["… and \(count - calls.count) calls more"] : []
    return calls.map { "in \($0.function), called at \($0.place.place)" } + more
  }
}
