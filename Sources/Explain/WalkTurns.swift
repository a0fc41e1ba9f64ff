// The turns of a training that a walk can go to: those that the graph has kept.

import Autodiff
import Engine

package struct WalkTurns {
  private let records: [BackwardRecord]
  private var place: Int
  private let total: Int
  private let hasEpochs: Bool

  /// The turns around a loss; nil where it is no turn of a training.
  init?(_ loss: Node) {
    let graph = loss.graph
    guard let last = graph.lastBackward else { return nil }
    let records = graph.trail.records + [last]
    // The same value may be held in another node.
    let place = records.firstIndex { $0.loss.serial == loss.serial }
    guard records.count > 1, let place else { return nil }
    (self.records, self.place) = (records, place)
    total = max(graph.trail.turns, last.turn)
    hasEpochs = graph.trail.hasEpochs
  }

  package var record: BackwardRecord { records[place] }

  /// Where the values of all of them begin in the order of recording.
  var firstSerial: Int { records.map(\.firstSerial).min() ?? 0 }

  /// `turn 998/1000`
  package var text: String {
    let turn = "turn \(record.turn)/\(total)"
    return hasEpochs ? "\(turn), epoch \(record.epoch), batch \(record.batch)" : turn
  }

  /// So many kept turns on or, below 0, back; false where there are none.
  mutating func move(by count: Int) -> Bool {
    let step = count < 0 ? -1 : 1
    var (next, left) = (place, count.magnitude)
    var reached: Int?
    while left > 0, records.indices.contains(next + step) {
      next += step
      // What a program keeps by itself may have let its history go.
      guard records[next].isWhole else { continue }
      reached = next
      left -= 1
    }
    if let reached { place = reached }
    return reached != nil
  }

  /// To the kept turn nearest to a number.
  mutating func move(to turn: Int) {
    let whole = records.indices.filter { records[$0].isWhole }
    place = whole.min { distance($0, turn) < distance($1, turn) } ?? place
  }

  private func distance(_ place: Int, _ turn: Int) -> Int {
    let difference = records[place].turn.subtractingReportingOverflow(turn)
    return difference.overflow ? .max : Int(min(difference.partialValue.magnitude, UInt(Int.max)))
  }
}
