// Batches of rows as a value: each is made when a loop comes to it.

import Autodiff
import Diagnostics
import Interpreter

/// What `batches` gives: like a list of tensors, or of tuples of them, that takes no room.
final class BatchesObject: ForeignObject {
  private let source: Batches
  /// The rows in the order of the batches.
  private let order: [Int]

  init(_ source: Batches) throws {
    self.source = source
    order = try source.order()
  }

  let typeName = "list of batches"
  var length: Int? { source.count }
  var batches: (source: Batches, order: [Int])? { (source, order) }

  func element(_ index: Int, _ session: Session) throws -> Value? {
    try Graph.checkInterrupt()
    let rows = order[source.places(index)]
    let parts = try source.parts.indices.map { Value.tensor(try source.take($0, rows)) }
    return parts.count == 1 ? parts[0] : .tuple(parts)
  }

  func index(_ items: [IndexValue], _ session: Session) throws -> Value? {
    if items.count == 1, case .value(.number(let x)) = items[0], let index = Int(exactly: x) {
      guard index >= -source.count, index < source.count else {
        throw Problem(
          .index, "the index \(index) is out of range: there are \(source.count) batches",
          argument: 1)
      }
      return try element(index < 0 ? index + source.count : index, session)
    }
    let elements = try session.elements(.foreign(self)) ?? []
    return try session.index(.list(elements), items)
  }

  func describe(_ session: Session) throws -> StyledText {
    let shapes = source.parts.map { "\($0.shape)" }.joined(separator: " and ")
    return StyledText(
      "\(source.count) \(source.count == 1 ? "batch" : "batches") of \(source.size) rows of \(shapes)"
        + (source.isShuffled ? ", shuffled" : ""))
  }
}
