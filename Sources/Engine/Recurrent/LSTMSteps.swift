// The steps of a long short-term memory, forward and back: a product with the state, then the gates
// in one pass. Sequences know nothing of each other and are shared by threads.

import Glibc

/// Sequences of one length. `fromInputs` [n, length, 4 hidden] is what comes from x for the gates i, f,
/// g, o; what is kept of a step has the parts y, c, i, f, g, o of `hidden` numbers each.
package struct LSTMSteps: Sendable {
  package let sequences: Int
  package let length: Int
  package let hidden: Int
  /// Whether the steps go from the end to the beginning.
  package let isReversed: Bool
  /// Parts of what is kept of a step.
  package static let parts = 6

  package init(sequences: Int, length: Int, hidden: Int, isReversed: Bool) {
    (self.sequences, self.length, self.hidden) = (sequences, length, hidden)
    self.isReversed = isReversed
  }

  private var kept: Int { LSTMSteps.parts * hidden }
  private var gates: Int { 4 * hidden }

  /// The step before one in the order of the steps; nil before the first.
  private func before(_ time: Int) -> Int? {
    let other = isReversed ? time + 1 : time - 1
    return (0..<length).contains(other) ? other : nil
  }

  /// The time of the step with a number.
  private func time(_ number: Int) -> Int { isReversed ? length - 1 - number : number }

  /// y[n, length, 6 hidden] from `fromInputs` and `weight` [hidden, 4 hidden].
  package func forward(_ fromInputs: Buffer, _ weight: Buffer, _ y: Buffer) throws(MemoryProblem) {
    if y.dtype == .f32 {
      try forward(fromInputs, weight, y, Float.self)
    } else {
      try forward(fromInputs, weight, y, Double.self)
    }
  }

  /// The gradient of `fromInputs`.
  ///
  /// - Parameters:
  ///   - upstream: the gradient of what is kept, [n, length, 6 hidden], or of y alone,
  ///     [n, length, hidden].
  ///   - states: what was kept.
  package func backward(
    _ upstream: Buffer, _ states: Buffer, _ weight: Buffer, _ deltas: Buffer
  ) throws(MemoryProblem) {
    if states.dtype == .f32 {
      try backward(upstream, states, weight, deltas, Float.self)
    } else {
      try backward(upstream, states, weight, deltas, Double.self)
    }
  }

  /// Calls `body` with the rows of each part of the work, and scratch of its own.
  private func shared<T: StepScalar>(
    _ scratch: Int, _: T.Type, _ body: (Range<Int>, UnsafeMutablePointer<T>) -> Void
  ) throws(MemoryProblem) {
    // The parts depend on the shapes alone, so that every number of threads gives the same bits.
    let work = sequences.multipliedReportingOverflow(by: gates * hidden).partialValue
    let parts = work * length < 1 << 18 ? 1 : max(1, min(sequences / 8, 4))
    let rows = (sequences + parts - 1) / parts
    let dtype: DType = T.self == Float.self ? .f32 : .f64
    let memory = try Buffer(dtype, count: parts * rows * scratch + 16)
    defer { withExtendedLifetime(memory) {} }
    let start = memory.pointer(as: T.self)
    ThreadPool.shared.run(parts: parts) { part in
      let range = min(sequences, part * rows)..<min(sequences, (part + 1) * rows)
      if !range.isEmpty { body(range, start + part * rows * scratch) }
    }
  }

  /// The cell of a row before a step; nil before the first.
  @inline(__always)
  private func cell<T>(_ states: UnsafePointer<T>, _ row: Int, before time: Int)
    -> UnsafePointer<T>?
  {
    guard let earlier = before(time) else { return nil }
    return states + ((row * length + earlier) * kept + hidden)
  }

  // MARK: - Forward

  private func forward<T: StepScalar>(
    _ fromInputs: Buffer, _ weight: Buffer, _ y: Buffer, _: T.Type
  ) throws(MemoryProblem) {
    let (source, w) = (fromInputs.pointer(as: T.self), weight.pointer(as: T.self))
    let target = y.pointer(as: T.self)
    try shared(2 * gates, T.self) { rows, scratch in
      let active = scratch + rows.count * gates
      for number in 0..<length {
        let time = time(number)
        for row in rows {
          (scratch + (row - rows.lowerBound) * gates).update(
            from: source + (row * length + time) * gates, count: gates)
        }
        if let before = before(time) {
          multiply(
            target + (rows.lowerBound * length + before) * kept, length * kept, w, scratch,
            MatrixProduct.Sizes(
              m: rows.count, n: gates, k: hidden, leftWidth: length * kept, resultWidth: gates),
            adds: true)
        }
        for row in rows {
          let place = (row - rows.lowerBound) * gates
          let state = target + (row * length + time) * kept
          step(
            UnsafePointer(scratch + place), active + place, state,
            cell(UnsafePointer(target), row, before: time))
        }
        if Interrupts.isRequested { return }
      }
    }
  }

  private func multiply<T: StepScalar>(
    _ a: UnsafePointer<T>, _ width: Int, _ b: UnsafePointer<T>, _ c: UnsafeMutablePointer<T>,
    _ sizes: MatrixProduct.Sizes, adds: Bool
  ) {
    MatrixProduct.multiply(
      a, b, c, sizes, isDouble: T.self == Double.self, isAlone: false, adds: adds)
  }

  /// One step of one sequence: gates, cell, state.
  @inline(__always)
  private func step<T: StepScalar>(
    _ sums: UnsafePointer<T>, _ active: UnsafeMutablePointer<T>, _ state: UnsafeMutablePointer<T>,
    _ cellBefore: UnsafePointer<T>?
  ) {
    let h = hidden
    for j in 0..<2 * h { active[j] = T.sigmoid(sums[j]) }
    for j in 2 * h..<3 * h { active[j] = T.tanh(sums[j]) }
    for j in 3 * h..<4 * h { active[j] = T.sigmoid(sums[j]) }
    (state + 2 * h).update(from: active, count: 4 * h)
    let row = h * MemoryLayout<T>.size
    LSTMAdvance(
      row: row, gates: UnsafeRawPointer(active), before: cellBefore.map { .init($0) },
      cell: UnsafeMutableRawPointer(state + h)
    ).overRow(of: h, T.self)
    // The first gate is not wanted any more.
    for j in 0..<h { active[j] = T.tanh(state[h + j]) }
    LSTMOutput(
      output: UnsafeRawPointer(active + 3 * h), squashed: UnsafeRawPointer(active),
      state: UnsafeMutableRawPointer(state)
    ).overRow(of: h, T.self)
  }

  // MARK: - Back

  private func backward<T: StepScalar>(
    _ upstream: Buffer, _ states: Buffer, _ weight: Buffer, _ deltas: Buffer, _: T.Type
  ) throws(MemoryProblem) {
    let (g, state) = (upstream.pointer(as: T.self), states.pointer(as: T.self))
    let (w, target) = (weight.pointer(as: T.self), deltas.pointer(as: T.self))
    let width = upstream.count / max(1, sequences * length)
    try shared(3 * hidden, T.self) { rows, scratch in
      // What comes back from the next step: of its state, of its cell.
      let (carried, cells) = (scratch, scratch + rows.count * hidden)
      let work = cells + rows.count * hidden
      (scratch).update(repeating: 0, count: 2 * rows.count * hidden)
      for number in (0..<length).reversed() {
        let time = time(number)
        for row in rows {
          let place = row * length + time
          let line = (row - rows.lowerBound) * hidden
          stepBack(
            UnsafePointer(g + place * width), width > hidden, UnsafePointer(carried + line),
            cells + line, work + line, UnsafePointer(state + place * kept),
            cell(UnsafePointer(state), row, before: time), target + place * gates)
        }
        if number > 0 {
          multiply(
            target + (rows.lowerBound * length + time) * gates, length * gates, w, carried,
            MatrixProduct.Sizes(
              m: rows.count, n: hidden, k: gates, isRightTransposed: true,
              leftWidth: length * gates, rightWidth: gates, resultWidth: hidden),
            adds: false)
        }
        if Interrupts.isRequested { return }
      }
    }
  }

  /// The gradient of one step's sums.
  @inline(__always)
  private func stepBack<T: StepScalar>(
    _ g: UnsafePointer<T>, _ isWhole: Bool, _ carried: UnsafePointer<T>,
    _ cells: UnsafeMutablePointer<T>, _ squashed: UnsafeMutablePointer<T>,
    _ state: UnsafePointer<T>, _ cellBefore: UnsafePointer<T>?, _ delta: UnsafeMutablePointer<T>
  ) {
    let cell = state + hidden
    for j in 0..<hidden { squashed[j] = T.tanh(cell[j]) }
    LSTMStepBack(
      row: hidden * MemoryLayout<T>.size, upstream: UnsafeRawPointer(g), isWhole: isWhole,
      carried: UnsafeRawPointer(carried), cells: UnsafeMutableRawPointer(cells),
      squashed: UnsafeRawPointer(squashed), state: UnsafeRawPointer(state),
      before: cellBefore.map { .init($0) }, delta: UnsafeMutableRawPointer(delta)
    ).overRow(of: hidden, T.self)
  }
}
