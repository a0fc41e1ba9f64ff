// The walk as one page for a browser: a file that needs nothing besides itself.

import Autodiff
import CPages
import Engine

/// Makes the page of a loss. The bytes depend on the walk alone.
package struct WalkPage {
  /// Where a value was made: an index into the lines of the source, and the first and the last column
  /// of the expression, counted from 0.
  package typealias Place = (line: Int, from: Int, to: Int)

  /// The program as far as it is shown.
  package struct Source {
    package let lines: [(number: String, text: String)]
    package init(lines: [(number: String, text: String)]) { self.lines = lines }
  }

  private let loss: Node
  private let title: String
  private let place: String?
  private let sources: ([Node]) -> (source: Source, place: (Node) -> Place?)
  private let notation: WalkNotation
  private let digits = 6
  /// A page of more bytes shows fewer levels.
  package static let limit = 1_900_000

  /// - Parameters:
  ///   - title: the loss as the user wrote it.
  ///   - place: where they did.
  ///   - sources: the sources in which the values of steps were made, and where each was.
  package init(
    _ loss: Node, title: String, place: String?, notation: WalkNotation,
    sources: @escaping ([Node]) -> (source: Source, place: (Node) -> Place?)
  ) {
    (self.loss, self.title, self.place) = (loss, title, place)
    (self.notation, self.sources) = (notation, sources)
  }

  /// The page, and how many steps it has at the outside.
  package func made() throws(OperatorProblem) -> (html: String, steps: Int) {
    let first = WalkTour.firstSerial(of: loss)
    loss.graph.keepHistory(since: first)
    defer { loss.graph.keepHistory(since: nil) }
    let outer = try walk(1)
    guard !outer.steps.isEmpty else {
      throw OperatorProblem(.gradient, "{0} is a param: there is no step to walk through")
    }
    let inner = try walk(2)
    let (source, origin) = sources(outer.steps.map(\.node))
    let keys = PageKeys()
    var notes: [String] =
      outer.updated.isEmpty
      ? []
      : ["Updated since, these are the values before: \(outer.updated.joined(separator: ", "))."]
    var views: [JSON] = []
    var names: [JSON] = []
    var size = 0
    for depth in 1...3 {
      let walk = depth == 1 ? outer : depth == 2 ? inner : try walk(depth)
      // A long way opened to its last step would be a page that nobody can send.
      if depth > 1, walk.steps.count > 400 {
        notes.append(
          "The inside of the steps is too long for a page; explain shows it: depth: 2, 3.")
        break
      }
      let known = keys.found.count
      keys.add(walk)
      let view = try PageFrames(walk: walk, digits: digits, keys: keys, origin: origin).steps()
        .written
      guard depth == 1 || size + view.utf8.count < WalkPage.limit * 2 / 5 else {
        keys.forget(after: known)
        notes.append(
          "The inside of the steps is too large for a page; explain shows it: depth: 2, 3.")
        break
      }
      size += view.utf8.count
      views.append(.raw(view))
      names.append(
        .object(keys.names.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) }))
    }
    let updates = try PageFrames(walk: outer, digits: digits, keys: keys, origin: origin)
      .updates(Walk.changes(after: loss))
    let leaves = PageLeaves(inner, digits: digits)
    // Reasons, nudges and the page itself take their part.
    let room = max(200_000, WalkPage.limit - size - 500_000)
    let data = JSON.object([
      ("title", .text("\(outer.lossName) = \(title)")), ("loss", .text(outer.lossName)),
      ("place", .optional(place)),
      ("notes", .list((notes + legend(outer)).map { .text($0) })),
      (
        "source",
        .list(source.lines.map { .list([.text($0.number), .text($0.text)]) })
      ),
      ("names", .list(names)), ("views", .list(views)), ("updates", updates),
      ("values", try values(keys, leaves, room)), ("nudges", try leaves.nudges()),
    ])
    return (WalkPage.page(data.written, title: "\(outer.lossName) = \(title)"), outer.steps.count)
  }

  private func walk(_ depth: Int) throws(OperatorProblem) -> Walk {
    try Walk(loss, WalkOptions(depth: depth, notation: notation))
  }

  private func legend(_ walk: Walk) -> [String] {
    walk.legend.map { "\($0.symbol) = \($0.meaning)" }
  }

  /// Every value with its numbers, its gradient, and why its gradient is what it is.
  private func values(_ keys: PageKeys, _ leaves: PageLeaves, _ room: Int)
    throws(OperatorProblem) -> JSON
  {
    // About thirty bytes a number with its place, for values and gradients.
    let most = max(16, min(400, room / (64 * max(1, keys.found.count))))
    let sizes = keys.found.map { $0.slope.map(Health.size) ?? 0 }
    let largest = max(sizes.filter(\.isFinite).max() ?? 0, 1e-300)
    var fields: [(String, JSON)] = []
    for entry in keys.found {
      let node = entry.node
      let kind =
        node.version != nil ? "param" : entry.key.hasPrefix("·") ? "data" : "step"
      let tensor = PageTensor(
        values: node.buffer?.doubles ?? [], shape: node.shape, dtype: node.dtype, digits: digits,
        most: most)
      var value: [(String, JSON)] = [
        ("n", .text(entry.name)), ("k", .text(kind)), ("s", .text("\(node.shape)")),
        ("c", .text(corner(tensor.values, node))), ("v", tensor.json),
        ("a", try leaves.reasons(node, tensor.flat)),
      ]
      if let slope = entry.slope, let name = entry.gradient {
        let share = Health.size(slope) / largest
        value += [
          ("G", .text(name)), ("gc", .text(corner(slope, node))),
          (
            "w",
            .raw(NumberFormat.fixed(share.isFinite ? min(1, share) : 1, digits: 4))
          ),
          (
            "g",
            PageTensor(
              values: slope, shape: node.shape, dtype: node.dtype, digits: digits, most: most
            ).json
          ),
        ]
      }
      fields.append((entry.key, .object(value)))
    }
    return .object(fields)
  }

  private func corner(_ values: [Double], _ node: Node) -> String {
    WalkText.corner(values, node.shape, WalkLayout(width: 34, digits: 4), node.dtype)
  }

  // MARK: - The frame of the page

  private static func part(_ index: Int32) -> String {
    guard let bytes = nns_page_bytes(index) else { return "" }
    return String(
      decoding: UnsafeBufferPointer(start: bytes, count: nns_page_length(index)), as: UTF8.self)
  }

  private static func page(_ data: String, title: String) -> String {
    var result = ""
    for piece in part(0).split(separator: "{{", omittingEmptySubsequences: false) {
      guard let end = piece.firstRange(of: "}}") else {
        result += piece
        continue
      }
      switch piece[..<end.lowerBound] {
      case "title": result += GraphPicture.escaped(title)
      case "style": result += part(1)
      case "script": result += part(2)
      // Nothing in it ends the element in which it stands.
      case "walk":
        result += data.split(separator: "<", omittingEmptySubsequences: false)
          .joined(separator: "\\u003c")
      default: break
      }
      result += piece[end.upperBound...]
    }
    return result
  }
}
