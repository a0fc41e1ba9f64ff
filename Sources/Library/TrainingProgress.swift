// How far a training is: a bar on a terminal, lines elsewhere.

import Engine
import Glibc
import Interpreter

final class TrainingProgress {
  private let face: (any ProgressFace)?
  private let epochs: Int
  private let rows: Int
  /// Lines are for every so many epochs.
  private let interval: Int
  private let start = TrainingProgress.now()
  private var lastLine = 0

  init(_ face: (any ProgressFace)?, epochs: Int, rows: Int) {
    (self.face, self.epochs, self.rows) = (face, epochs, rows)
    interval = max(1, (epochs + 19) / 20)
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  func clear() { face?.clear() }

  /// After a step of an epoch.
  func stepped(_ epoch: Int, _ done: Int, loss: Double, _ history: History) {
    guard let face, let width = face.liveWidth else { return }
    face.draw { live(epoch, done, loss, history, width) }
  }

  private func live(_ epoch: Int, _ done: Int, _ loss: Double, _ history: History, _ width: Int)
    -> String
  {
    let share = (Double(epoch) + Double(done) / Double(rows)) / Double(max(1, epochs))
    let left = (TrainingProgress.now() - start) * (1 - share) / max(share, 1e-9)
    let curve = TrainingProgress.curve((history.figures.first?.values ?? []) + [loss], width: 8)
    // In the order of the line; the figure says what goes first where room is short.
    var parts: [(text: String, rank: Int)] = [
      ("epoch \(epoch + 1)/\(epochs)", 0),
      (TrainingProgress.bar(share, width: width < 60 ? 6 : 16), 2),
      ("loss \(TrainingProgress.number(loss)) \(curve)", 1),
    ]
    for (name, values) in history.figures.dropFirst() {
      guard let value = values.last else { continue }
      parts.append(("\(name) \(TrainingProgress.number(value))", 4 + parts.count))
    }
    parts.append(("\(TrainingProgress.time(left)) left", 3))
    while parts.count > 1, parts.reduce(-2, { $0 + $1.text.count + 2 }) >= width {
      let rank = parts.map(\.rank).max() ?? 0
      parts.removeAll { $0.rank == rank }
    }
    return parts.map(\.text).joined(separator: "  ")
  }

  func epochEnded(_ history: History) {
    guard let face, face.liveWidth == nil, history.epochs % interval == 0 || interval == 1 else {
      return
    }
    line(history, face)
  }

  private func line(_ history: History, _ face: any ProgressFace) {
    lastLine = history.epochs
    let figures = history.figures.compactMap { name, values in
      values.last.map { "\(name) \(TrainingProgress.number($0))" }
    }
    face.line("epoch \(history.epochs)/\(epochs)  \(figures.joined(separator: "  "))")
  }

  /// What stays behind; `ending` says what else there is to know.
  func ended(_ history: History, _ ending: String?) {
    guard let face else { return }
    face.clear()
    if let width = face.liveWidth {
      if history.epochs > 0 { face.line(summary(history, width)) }
    } else if history.epochs > lastLine {
      line(history, face)
    }
    if let ending { face.line(ending) }
  }

  private func summary(_ history: History, _ width: Int) -> String {
    let losses = history.figures[0].values
    let time = TrainingProgress.time(TrainingProgress.now() - start)
    let word = history.epochs == 1 ? "epoch" : "epochs"
    var parts = [
      "\(history.epochs) \(word) in \(time)",
      "loss \(TrainingProgress.number(losses.last ?? .nan)) "
        + TrainingProgress.curve(losses, width: width < 60 ? 8 : 16),
    ]
    for (name, values) in history.figures.dropFirst() {
      parts.append("\(name) \(TrainingProgress.number(values.last ?? .nan))")
    }
    while parts.count > 1, parts.reduce(-2, { $0 + $1.count + 2 }) > width { parts.removeLast() }
    return parts.joined(separator: "  ")
  }

  // MARK: - Pieces

  private static func number(_ x: Double) -> String { NumberFormat.significant(x, digits: 4) }

  /// `0.4 s`, `12 s`, `3 min`
  static func time(_ seconds: Double) -> String {
    if seconds < 10 { return "\(NumberFormat.fixed(seconds, digits: 1)) s" }
    if seconds < 120 { return "\(Int(seconds)) s" }
    return seconds < 7200 ? "\(Int(seconds / 60)) min" : "\(Int(min(seconds, 1e9) / 3600)) h"
  }

  static func bar(_ share: Double, width: Int) -> String {
    let full = Int((min(max(share, 0), 1) * Double(width)).rounded(.down))
    return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
  }

  /// The course of a figure in so many characters, the largest of all values being full.
  static func curve(_ values: [Double], width: Int) -> String {
    let marks = Array("▁▂▃▄▅▆▇")
    let count = min(width, values.count)
    let points = (0..<count).map { values[((($0 + 1) * values.count) / count) - 1] }
    let finite = points.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return "" }
    return String(
      points.map { point in
        guard point.isFinite, high > low else { return marks[0] }
        return marks[Int(((point - low) / (high - low) * 6).rounded())]
      })
  }
}
