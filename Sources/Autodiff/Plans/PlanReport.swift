// What plans cost: their steps, timed, and their memory.

import Engine

/// A plan, described.
package struct PlanReport: Sendable {
  package internal(set) var steps: [PlanSummary]
  /// Bytes of values that only other steps look at, at one time at most.
  package let arenaBytes: Int
  /// Bytes of what is computed to stay.
  package let resultBytes: Int

  package var flops: Double { steps.reduce(0) { $0 + $1.flops } }
  package var bytes: Double { steps.reduce(0) { $0 + $1.bytes } }
  /// How long all steps take, where that was measured.
  package var seconds: Double? {
    steps.reduce(0) { total, step in
      guard let total, let seconds = step.seconds else { return nil }
      return total + seconds
    }
  }
}

/// What keeps a step from being faster, and how much of that it uses.
package enum StepLimit: Sendable, Equatable {
  /// Arithmetic, compared with the machine's products.
  case arithmetic(Double)
  /// Memory, compared with what the machine reads; caches can be ahead of that.
  case memory(Double)
  /// It is too small: beginning and ending it takes the time.
  case overhead
  /// It is far from all of these: its kernel could be better.
  case kernel(Double)

  /// Below these shares a step of so many seconds is too small to tell more.
  fileprivate static let small: [(seconds: Double, share: Double)] = [(1e-6, 0.5), (1e-5, 0.2)]
}

extension PlanSummary {
  /// Whatever is used most; nil where nothing was measured.
  package func limit(_ machine: MachineSpeed) -> StepLimit? {
    guard let seconds, seconds > 0 else { return nil }
    let arithmetic = flops / seconds / (isDouble ? machine.product / 2 : machine.product)
    let memory = bytes / seconds / machine.read
    let share = max(arithmetic, memory)
    if StepLimit.small.contains(where: { seconds < $0.seconds && share < $0.share }) {
      return .overhead
    }
    if share < 0.1 { return .kernel(share) }
    return arithmetic >= memory ? .arithmetic(arithmetic) : .memory(memory)
  }
}

extension Plan {
  /// What the plan does, and what it costs.
  func report(name: (_ value: Int) -> String?) -> PlanReport {
    PlanReport(
      steps: summaries(name: name), arenaBytes: lowering.arenaBytes,
      resultBytes: lowering.storages.reduce(0) { $0 + ($1.isRoot ? $1.bytes : 0) })
  }

  /// The same with the time of every step: the least of some runs that take about `seconds`.
  func report(timedWith leaves: [Buffer], seconds: Double, name: (_ value: Int) -> String?)
    throws(OperatorProblem) -> PlanReport
  {
    var best = [Double](repeating: .infinity, count: steps.count)
    let start = Stopwatch.now()
    var runs = 0
    repeat {
      defer { releaseOutputs() }
      try time(leaves, &best)
      runs += 1
    } while runs < 3 || runs < 1000 && Stopwatch.now() - start < seconds
    var report = report(name: name)
    for (index, time) in best.enumerated() { report.steps[index].seconds = time }
    return report
  }
}

/// What values of a plan are called.
struct PlanNames {
  private let key: PlanKey
  private let gradients: [Int: String]

  init(_ key: PlanKey, _ graph: Graph) {
    self.key = key
    var gradients: [Int: String] = [:]
    for parameter in graph.withGradient {
      guard let gradient = parameter.gradient else { continue }
      // The value of `.grad` is that of the derivative.
      for node in [gradient] + gradient.inputs { gradients[node.serial] = parameter.name + ".grad" }
    }
    self.gradients = gradients
  }

  func name(_ value: Int) -> String? {
    let node = value >= 0 ? key.nodes[value] : key.leaves[-1 - value]
    return node.isNumber
      ? NumberFormat.shortest(node.exact) : gradients[node.serial] ?? node.knownName
  }
}

/// The plans that a user wants to see.
final class RecentPlans {
  typealias Run = (plan: Plan, leaves: [Buffer], names: PlanNames)

  private var turn: [Run] = []
  /// Those of the last turn that stored to params, else the one with the most work, and of equal ones
  /// the last.
  private(set) var last: [Run] = []
  private(set) var hasTrained = false
  /// What the plans so far do: arithmetic, and memory that is read and written.
  private var work: [ObjectIdentifier: (plan: Plan, amount: Double)] = [:]
  private var most = 0.0

  func note(_ plan: Plan, _ key: PlanKey, _ graph: Graph) {
    turn.append((plan, key.leaves.compactMap(\.buffer), PlanNames(key, graph)))
  }

  /// A turn of a loop, or a statement, is over.
  func endTurn(hasTrained isTraining: Bool) {
    defer { turn = [] }
    // A param that gets its first value computes nothing.
    if isTraining, turn.contains(where: { work(of: $0.plan) > 0 }) {
      (last, hasTrained) = (turn, true)
    } else if !hasTrained {
      for run in turn {
        let work = work(of: run.plan)
        if work >= most { (last, most) = ([run], work) }
      }
    }
  }

  private func work(of plan: Plan) -> Double {
    if let known = work[ObjectIdentifier(plan)] { return known.amount }
    let report = plan.report { _ in nil }
    let amount = report.flops + report.bytes
    work[ObjectIdentifier(plan)] = (plan, amount)
    return amount
  }
}

extension Graph {
  /// How long a plan is run to know the time of its steps.
  private static let timing = 0.2

  /// The plan that would run if everything were computed now; what is held stays as it is.
  ///
  /// Turns must be recorded anew meanwhile (`recognisesTurns`).
  package func pendingPlan(isTimed: Bool) throws(OperatorProblem) -> PlanReport? {
    let roots = heldRoots()
    guard !roots.isEmpty else { return nil }
    let key = PlanKey(self, roots: roots, keepsTracked: false)
    let plan = try Plan(key)
    let names = PlanNames(key, self)
    guard isTimed else { return plan.report(name: names.name) }
    return try plan.report(
      timedWith: key.leaves.compactMap(\.buffer), seconds: Graph.timing, name: names.name)
  }

  /// From now on the plans for `lastPlans` are remembered; turns are recorded anew meanwhile.
  package func keepPlans() {
    recognisesTurns = false
    recentPlans = RecentPlans()
  }

  /// The plans of the last turn that stored to params, timed; else the one with the most work.
  package func lastPlans() throws(OperatorProblem) -> (plans: [PlanReport], hasTrained: Bool) {
    guard let recent = recentPlans else { return ([], false) }
    var reports: [PlanReport] = []
    for run in recent.last {
      reports.append(
        try run.plan.report(
          timedWith: run.leaves, seconds: Graph.timing, name: run.names.name))
    }
    return (reports, recent.hasTrained)
  }
}
