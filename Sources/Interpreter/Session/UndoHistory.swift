// What can be taken back and brought again: entries, and single steps of training.

import Autodiff
import Engine

/// Entries with what they changed, oldest first.
struct UndoHistory {
  private struct Item {
    var entry: Int
    var text: String
    var log: ChangeLog
    /// Whether it did more than give `ans` a value.
    var isChange: Bool
  }

  /// A step of training by itself.
  private struct Step {
    var entry: Int
    var log: ChangeLog
  }

  private static let entryLimit = 50
  static let stepLimit = 1000
  private static let stepBytes = 256 << 20

  private var items: [Item] = []
  private var undone: [Item] = []
  private var steps: [Step] = []
  private var bytesOfSteps = 0
  private var lastEntry = 0
  /// The entry that runs, which gathers its statements; nil where each statement is by itself.
  private var current: (entry: Int, text: String)?
  /// Whether single steps are kept: for prompts, because they hold on to the old parameters.
  var keepsSteps = false
  /// What was done before this belongs to a statement that has not ended.
  private(set) var floor = 0

  // MARK: - Entries

  /// Begins an entry; gives what `end` wants.
  mutating func begin(_ text: String) -> (entry: Int, text: String)? {
    lastEntry += 1
    defer { current = (lastEntry, text) }
    return current
  }

  mutating func end(_ outer: (entry: Int, text: String)?) { current = outer }

  /// A statement begins: what it does inside is part of it. Gives what `leave` wants.
  mutating func enter() -> (floor: Int, count: Int) {
    defer { floor = items.count }
    return (floor, items.count)
  }

  mutating func leave(_ outer: (floor: Int, count: Int)) {
    floor = outer.floor
    if items.count > outer.count { items.removeLast(items.count - outer.count) }
  }

  mutating func add(_ journal: Journal, text: @autoclosure () -> String, now: Journal.Settings) {
    let log = journal.statement
    let isChange = !log.isEmpty || log.settings != now
    if keepsSteps { addStep(journal.unfinished) }
    if isChange { undone = [] }
    if let current, let last = items.indices.last, last >= floor,
      items[last].entry == current.entry
    {
      items[last].log.add(log)
      items[last].isChange = items[last].isChange || isChange
      return
    }
    if current == nil { lastEntry += 1 }
    items.append(
      Item(
        entry: current?.entry ?? lastEntry, text: current?.text ?? text(), log: log,
        isChange: isChange))
    if floor == 0, items.count > Self.entryLimit { items.removeFirst() }
  }

  /// The last statement gave `ans` a value.
  mutating func noteAnswer(_ slot: Int, _ old: Value?) {
    guard !items.isEmpty else { return }
    items[items.count - 1].log.add(slot, old)
  }

  /// Takes back the last entry that changed something; gives its text, nil where there is none.
  mutating func undo(_ session: Session) -> String? {
    guard let index = items.lastIndex(where: \.isChange), index >= floor else { return nil }
    var item = items[index]
    for later in items[(index + 1)...] { item.log.add(later.log) }
    items.removeLast(items.count - index)
    dropSteps(since: item.entry)
    let text = item.text
    item.log = item.log.restore(session)
    undone.append(item)
    return text
  }

  /// Does again what was taken back last; gives its text.
  mutating func redo(_ session: Session) -> String? {
    guard var item = undone.popLast() else { return nil }
    item.log = item.log.restore(session)
    items.append(item)
    return item.text
  }

  // MARK: - Steps

  mutating func addStep(_ log: ChangeLog) {
    guard keepsSteps, log.isStep else { return }
    steps.append(Step(entry: current?.entry ?? lastEntry, log: log.step))
    bytesOfSteps += log.bytes
    while steps.count > 1, steps.count > Self.stepLimit || bytesOfSteps > Self.stepBytes {
      bytesOfSteps -= steps.removeFirst().log.bytes
    }
  }

  private mutating func dropSteps(since entry: Int) {
    while let last = steps.last, last.entry >= entry {
      bytesOfSteps -= last.log.bytes
      steps.removeLast()
    }
  }

  /// Takes back the last steps of training, up to `count`; gives how many there were.
  mutating func back(_ count: Int, _ session: Session, text: String) -> Int {
    var inverse: ChangeLog?
    let taken = min(count, steps.count)
    for step in steps.suffix(taken).reversed() {
      let log = step.log.restore(session)
      if inverse == nil { inverse = log } else { inverse?.add(log) }
      bytesOfSteps -= step.log.bytes
    }
    steps.removeLast(taken)
    if let inverse {
      undone = []
      lastEntry += 1
      items.append(Item(entry: lastEntry, text: text, log: inverse, isChange: true))
    }
    return taken
  }
}

extension Session {
  /// How many of the last steps of training can be taken back one by one.
  package var keptSteps: Int { undoHistory.keepsSteps ? UndoHistory.stepLimit : 0 }

  /// Runs what was entered as one: it is taken back as one.
  package func asEntry<T>(_ text: String, _ body: () throws -> T) rethrows -> T {
    let outer = undoHistory.begin(text)
    defer { undoHistory.end(outer) }
    return try body()
  }

  /// Takes back the last entry (or statement) that changed something; gives its text, nil where
  /// there is none.
  @discardableResult
  package func undo() -> String? { undoHistory.undo(self) }

  /// Does again what was taken back last; gives its text.
  package func redo() -> String? { undoHistory.redo(self) }

  /// Takes back steps of training: params, optimizers, random stream. Gives how many.
  package func back(_ count: Int) -> Int {
    undoHistory.back(count, self, text: ":back \(count)")
  }

  /// Whether single steps of training can be taken back.
  package var keepsSteps: Bool {
    get { undoHistory.keepsSteps }
    set { (undoHistory.keepsSteps, graph.keepsSteps) = (newValue, newValue) }
  }

  /// Runs something and takes back whatever it changed.
  package func withoutTrace<T>(_ body: () throws -> T) rethrows -> T {
    let history = undoHistory
    undoHistory = UndoHistory()
    defer {
      while undo() != nil {}
      undoHistory = history
    }
    return try body()
  }
}
