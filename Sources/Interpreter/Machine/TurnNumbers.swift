// The numbers of turns that are run without being interpreted: those that the program computes, and those
// of its optimizers.

import Autodiff

/// What turns compute besides tensors, from one cycle to the next.
final class TurnNumbers {
  private var scalars: LoopScalars
  /// The number that the loop comes to, and what it is first; nil for a loop over something else.
  private let element: Int?
  private let first: Double
  private let carried: [(from: Int, to: Int)]
  private let finals: [Int]
  private let cycle: TurnCycle
  /// By turns of the cycle.
  private var leaves: [[(leaf: Int, cell: Int)]]
  private var stepNumbers: [[StepNumber]]
  /// Turns whose optimizers' numbers stay as they are.
  private var isSteady: [Bool]
  /// What the finals are after so many cycles.
  private(set) var values: [Double]
  private var count = 0
  private var saved: (count: Int, scalars: LoopScalars, values: [Double])

  /// A number of an optimizer's step.
  private struct StepNumber {
    let leaf: Int
    let number: Node
    let stepper: any Stepper
    /// Which step of the cycle it is, from 1 on, and how many there are.
    let step: Int
    let steps: Int

    func value(_ cycle: Int) -> Double? { stepper.number(number, after: cycle * steps + step) }

    func isSteady(_ cycle: Int) -> Bool {
      !stepper.isScheduled
        && value(cycle) == stepper.number(number, after: cycle * steps + step + 1)
    }
  }

  init(_ walk: LoopWalk, element: Int?, carried: [(from: Int, to: Int)], finals: [Int]) {
    (scalars, self.element, self.carried, self.finals) = (walk.scalars, element, carried, finals)
    (cycle, first) = (walk.cycle, element.map { walk.scalars[$0] } ?? 0)
    let turns = walk.cycle.turns.count
    (leaves, stepNumbers) = ([[(leaf: Int, cell: Int)]](repeating: [], count: turns), [])
    for (turn, leaf, cell) in walk.numberLeaves { leaves[turn].append((leaf, cell)) }
    isSteady = [Bool](repeating: false, count: turns)
    values = finals.map { [scalars] in scalars[$0] }
    saved = (0, scalars, values)
    stepNumbers = [[StepNumber]](repeating: [], count: turns)
    for (turn, leaf, number, stepper) in walk.stepNumbers {
      let steps = walk.steppers.filter { $0.stepper === stepper }
      stepNumbers[turn].append(
        StepNumber(
          leaf: leaf, number: number, stepper: stepper,
          step: steps.filter { $0.turn <= turn }.count, steps: steps.count))
    }
  }

  /// Begins a cycle; false where it goes another way than those before it.
  func begin(_ cycle: Int) -> Bool {
    finish(cycle)
    if cycle % self.cycle.stretch == 0 { saved = (cycle, scalars, values) }
    if let element { scalars[element] = first + Double(cycle) }
    return scalars.run()
  }

  /// Gives a turn its numbers; false where there is no memory for them.
  func prepare(_ cycle: Int, _ turn: Int) -> Bool {
    let repetition = self.cycle.turns[turn]
    for (leaf, cell) in leaves[turn] where !repetition.set(leaf, to: scalars[cell]) { return false }
    if isSteady[turn] { return true }
    // Those that do not differ in two steps stay as they are.
    isSteady[turn] = stepNumbers[turn].allSatisfy { $0.isSteady(cycle) }
    for number in stepNumbers[turn] {
      guard let value = number.value(cycle), repetition.set(number.leaf, to: value) else {
        return false
      }
    }
    return true
  }

  /// So many cycles are over.
  func finish(_ cycle: Int) {
    guard count < cycle else { return }
    count = cycle
    for (index, cell) in finals.enumerated() { values[index] = scalars[cell] }
    let ends = carried.map { scalars[$0.from] }
    for (index, (_, to)) in carried.enumerated() { scalars[to] = ends[index] }
  }

  /// Only so many cycles stay.
  func rewind(_ cycle: Int) {
    if cycle == saved.count { (count, scalars, values) = saved }
  }
}
