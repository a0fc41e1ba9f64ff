// A gradient that somebody computed by hand beside the right one.

import Autodiff
import Diagnostics
import Engine

/// The verdict on a gradient made by hand.
package struct Comparison {
  package enum Verdict: String, Sendable { case exact, close, mistake, different }

  package let verdict: Verdict
  /// The largest difference and where it is; nil where the shapes differ.
  package let difference: (value: Double, place: String, mine: Double, truth: Double)?
  /// The mistake that explains it, and in words.
  package let mistake: (name: String, words: String)?
  private let count: Int
  private let shapes: (mine: Shape, truth: Shape)
  private let isSingle: Bool

  /// - Parameters:
  ///   - loss: what the gradient is of, where it is known.
  ///   - target: what it is taken by.
  package init(_ mine: Node, _ truth: Node, loss: Node?, target: Node?) throws(OperatorProblem) {
    let graph = truth.graph
    let given = try graph.values(mine)
    let right = try graph.values(truth)
    count = right.count
    shapes = (mine.shape, truth.shape)
    isSingle = truth.dtype == .f32 || mine.dtype == .f32
    let tolerance = isSingle ? 1e-4 : 1e-9
    let isSame = mine.shape == truth.shape
    difference = isSame ? Comparison.largest(given, right, truth.shape) : nil
    if isSame, given == right {
      (verdict, mistake) = (.exact, nil)
      return
    }
    if isSame, Comparison.fits(given, right, tolerance) {
      (verdict, mistake) = (.close, nil)
      return
    }
    var found: (name: String, words: String)?
    if let loss, let target {
      found = try Comparison.explanation(mine, given, right, loss, target, tolerance)
    }
    (verdict, mistake) = (found == nil ? .different : .mistake, found)
  }

  private static func explanation(
    _ mine: Node, _ given: [Double], _ right: [Double], _ loss: Node, _ target: Node,
    _ tolerance: Double
  ) throws(OperatorProblem) -> (name: String, words: String)? {
    let setting = Mistake.Setting(
      altered: AlteredGradients(loss, target), names: try Walk(loss).names, truth: right,
      mine: given, mineShape: mine.shape)
    // Trying every mistake at every step of a long loss would take too long.
    guard setting.altered.way.count <= 200 else { return nil }
    for mistake in Mistake.all {
      for result in try mistake.results(setting) {
        guard result.values.count == given.count, fits(given, result.values, tolerance) else {
          continue
        }
        return (mistake.name, result.words)
      }
    }
    return nil
  }

  /// Whether the largest difference is small beside the largest number.
  private static func fits(_ a: [Double], _ b: [Double], _ tolerance: Double) -> Bool {
    let scale = b.reduce(0) { max($0, $1.magnitude) }
    return zip(a, b).allSatisfy { ($0 - $1).magnitude <= tolerance * max(scale, 1e-300) }
  }

  private static func largest(_ a: [Double], _ b: [Double], _ shape: Shape)
    -> (value: Double, place: String, mine: Double, truth: Double)?
  {
    let size = { (index: Int) -> Double in
      let distance = (a[index] - b[index]).magnitude
      return distance.isNaN ? .infinity : distance
    }
    guard let index = a.indices.max(by: { size($0) < size($1) }) else { return nil }
    return (size(index), WalkNames.suffix(shape, index), a[index], b[index])
  }

  package func render(_ layout: WalkLayout) -> StyledText {
    var writer = WalkWriter(layout)
    switch verdict {
    case .exact:
      writer.words("exact: all \(count) numbers are the same", .number, indent: 2)
    case .close:
      writer.words("close: \(distance(layout))", .number, indent: 2)
    case .mistake:
      writer.words("not the gradient, and a usual mistake gives just this", .warning, indent: 2)
      writer.line(at: 2)
      writer.words(mistake?.words ?? "", indent: 2)
    case .different:
      if difference == nil {
        writer.words(
          "not the gradient: yours has the shape \(shapes.mine), the gradient \(shapes.truth)",
          .warning, indent: 2)
      } else {
        writer.words("not the gradient: \(distance(layout))", .warning, indent: 2)
        writer.line(at: 2)
        writer.words("no usual mistake gives just these numbers", .dim, indent: 2)
      }
    }
    writer.end()
    return writer.text
  }

  private func distance(_ layout: WalkLayout) -> String {
    guard let difference else { return "" }
    let number = { (x: Double) in
      NumberText.written(x, digits: layout.digits, isSingle: isSingle)
    }
    let place = difference.place.isEmpty ? "" : " at \(difference.place)"
    return "the largest difference is \(NumberFormat.significant(difference.value, digits: 2))"
      + "\(place), yours \(number(difference.mine)), the gradient \(number(difference.truth))"
  }
}
