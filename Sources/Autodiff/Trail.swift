// Turns of a training that are over: the first, some on the way and the last few, so that they can
// be walked through. Values are immutable: holding on to a loss and its params is all it takes.

import Engine

/// The backward passes of a training that came before the last one.
package struct Trail {
  /// What the last ones may take in memory, and those on the way.
  private static let recentBytes = 2 << 20
  private static let sampleBytes = 32 << 20
  /// The same where nobody can walk through them: they only tell how numbers grew that are not finite.
  private static let toldBytes = 4 << 20
  private static let recentLimit = 8
  private static let sampleLimit = 16

  /// The last ones, as a ring.
  private var recent: [BackwardRecord] = []
  private var oldest = 0
  private var recentCapacity = Trail.recentLimit
  /// Every so many, from the first one on.
  private var samples: [BackwardRecord] = []
  private var sampleCapacity = Trail.sampleLimit
  private(set) var stride = 1
  private var count = 0
  /// Whether the next backward belongs to something else.
  private var isOver = true

  /// Turns that are finished.
  package private(set) var turns = 0
  private(set) var epoch = 1
  private(set) var batch = 1
  /// Whether turns are batches of epochs.
  package private(set) var hasEpochs = false

  /// Another statement begins; its first backward begins another trail.
  package mutating func end() { isOver = true }

  /// Whether the next one to be left is one of those on the way that are kept.
  var wantsNext: Bool { isOver || count % stride == 0 }

  /// How many may be left from here on before one is to be kept.
  var turnsToNext: Int {
    let next = count + 1
    return isOver || next % stride == 0 ? 0 : stride - next % stride
  }

  /// So many that are not kept are left.
  mutating func pass(_ turns: Int = 1) { count += turns }

  /// Called where a backward takes the place of the last one.
  ///
  /// - Parameter isWalked: whether somebody can walk through it later.
  mutating func leave(_ last: BackwardRecord?, isWalked: Bool) {
    guard !isOver else {
      self = Trail()
      isOver = false
      return
    }
    guard var record = last else { return }
    record.after = record.gradients.map(\.parameter.node)
    if record.loss.handles > 0, record.loss.buffer != nil { record.loss = record.loss.twin }
    if count & (count - 1) == 0 || count % 256 == 0 { measure(record, isWalked) }
    if count % stride == 0 { sample(record) }
    count += 1
    if recent.count < recentCapacity {
      recent.append(record)
    } else if recentCapacity > 0 {
      recent[oldest] = record
      oldest = oldest + 1 == recentCapacity ? 0 : oldest + 1
    }
  }

  private mutating func sample(_ record: BackwardRecord) {
    samples.append(record)
    guard samples.count > sampleCapacity else { return }
    samples = samples.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    if samples.count > sampleCapacity { samples.removeLast(samples.count - sampleCapacity) }
    stride *= 2
  }

  /// Fits the numbers of what is kept to the size of one.
  private mutating func measure(_ record: BackwardRecord, _ isWalked: Bool) {
    let bytes = max(1, record.bytes)
    let most = isWalked ? Trail.sampleBytes : Trail.toldBytes
    sampleCapacity = min(Trail.sampleLimit, most / bytes)
    let capacity = min(Trail.recentLimit, Trail.recentBytes / bytes)
    guard capacity != recentCapacity else { return }
    recent = Array(latest.suffix(capacity))
    (oldest, recentCapacity) = (0, capacity)
  }

  /// The last ones in order.
  private var latest: [BackwardRecord] { Array(recent[oldest...] + recent[..<oldest]) }

  /// All that are kept, in order.
  package var records: [BackwardRecord] {
    let latest = latest
    let first = latest.first?.loss.serial ?? .max
    return samples.filter { $0.loss.serial < first } + latest
  }

  // MARK: - Turns

  /// A turn of a loop is over: of an outer one (level 0) or one inside it, where that is known.
  package mutating func endTurn(level: Int?, hasTrained: Bool) {
    guard !isOver else { return }
    if hasTrained { turns += 1 }
    guard let level else { return }
    if level > 0 {
      guard hasTrained else { return }
      hasEpochs = true
      batch += 1
    } else {
      epoch += 1
      batch = 1
    }
  }

  /// So many turns of one kind are over.
  package mutating func endTurns(_ count: Int, level: Int?, hasTrained: Bool) {
    guard count > 0 else { return }
    endTurn(level: level, hasTrained: hasTrained)
    guard !isOver else { return }
    if hasTrained { turns += count - 1 }
    guard let level else { return }
    if level == 0 { epoch += count - 1 } else if hasTrained { batch += count - 1 }
  }

  /// A batch of an epoch begins, both counted from 0.
  package mutating func begin(epoch: Int, batch: Int) {
    (self.epoch, self.batch) = (epoch + 1, batch + 1)
    hasEpochs = true
  }
}

extension BackwardRecord {
  /// About what it takes by itself: nodes, and numbers that the program does not hold.
  fileprivate var bytes: Int {
    let order = loss.graph.reachable(from: loss, targets: [])
    let buffers = (order + gradients.map(\.gradient)).reduce(0) { sum, node in
      node.handles > 0 ? sum : sum + (node.buffer.map { $0.count * $0.dtype.size } ?? 0)
    }
    return buffers + order.count * 300
  }
}

extension Node {
  /// The same value with the same history, held by nobody: history that the program lets go stays.
  fileprivate var twin: Node {
    let twin = Node(
      graph: graph, op: op, inputs: inputs, attributes: attributes, type: type, origin: origin,
      buffer: buffer, version: version, isTracked: isTracked, serial: serial)
    twin.name = name
    twin.group = group
    return twin
  }
}
