// Mutants of the repository's programs: whatever is typed, nothing crashes and nothing hangs.

import Diagnostics
import Engine
import Glibc
import Interpreter
import Library
import Synchronization
import Testing

@Suite("Fuzz")
struct FuzzTests {
  @Test("20 000 mutants of the programs run to an end or an error")
  func mutants() throws {
    let texts = try Self.programs()
    Memory.setLimit(64 << 20)
    let finished = onLargeStack {
      var stream = RandomStream(seed: 20)
      for round in 0..<20_000 {
        let mutant = Self.mutate(texts, &stream)
        guard let source = try? SourceText.decode("mutant \(round)", mutant) else { continue }
        let session = Library.makeSession { _ in }
        session.instructionLimit = 20_000
        _ = try? session.run(source)
      }
      return 1
    }
    #expect(finished == 1)
  }

  /// What `Scripts/fuzz` runs: NNS_FUZZ_SECONDS from NNS_FUZZ_SEED on, in the folder NNS_FUZZ_WORK,
  /// where `current.nns` is the program of a crash and `slow-….nns` one that ignores an interrupt.
  @Test("mutants for a time, interrupted", .enabled(if: getenv("NNS_FUZZ_SECONDS") != nil))
  func longRun() throws {
    let setting = { (name: String) in getenv(name).map { String(cString: $0) } ?? "" }
    let seconds = Double(setting("NNS_FUZZ_SECONDS")) ?? 0
    let texts = try Self.programs()
    let work = setting("NNS_FUZZ_WORK")
    #expect(chdir(work) == 0)
    Memory.setLimit(256 << 20)
    let watch = Watch()
    watch.start()
    let end = Watch.now() + Int(seconds * 1e9)
    let first = UInt64(setting("NNS_FUZZ_SEED")) ?? 1
    let count = onLargeStack {
      var seed = first
      while Watch.now() < end {
        var stream = RandomStream(seed: seed)
        let mutant = Self.mutate(texts, &stream)
        seed += 1
        guard let source = try? SourceText.decode("seed \(seed - 1)", mutant) else { continue }
        Self.write("# seed \(seed - 1)\n", mutant, to: "current.nns")
        let session = Library.makeSession { _ in }
        // Every other program may run until it is interrupted.
        if seed % 2 == 0 { session.instructionLimit = 20_000 }
        let waited = watch.during { _ = try? session.run(source) }
        if waited > 1_000_000_000 {
          Self.write("# seed \(seed - 1)\n", mutant, to: "slow-\(seed - 1).nns")
        }
      }
      return Int32(truncatingIfNeeded: seed - first)
    }
    Self.write("\(count) programs\n", [], to: "done")
  }

  private static func programs() throws -> [[UInt8]] {
    let files =
      (Files.below(Files.root + "/Tests/Programs") + Files.below(Files.root + "/Scripts/lessons"))
      .filter { $0.hasSuffix(".nns") }
    #expect(!files.isEmpty)
    return try files.map { Array(try Files.read($0).utf8) }.filter { $0.count < 3000 }
  }

  private static func write(_ head: String, _ bytes: [UInt8], to name: String) {
    guard let file = fopen(name, "w") else { return }
    defer { fclose(file) }
    let all = Array(head.utf8) + bytes
    fwrite(all, 1, all.count, file)
  }

  /// One program with a few pieces cut, doubled, swapped or replaced.
  private static func mutate(_ texts: [[UInt8]], _ stream: inout RandomStream) -> [UInt8] {
    func pick(_ count: Int) -> Int { min(count - 1, Int(stream.nextUniform() * Double(count))) }
    var text = texts[pick(texts.count)]
    for _ in 0...pick(4) where !text.isEmpty {
      let start = pick(text.count)
      let end = min(text.count, start + 1 + pick(12))
      switch pick(6) {
      case 0: text.removeSubrange(start..<end)
      case 1: text.insert(contentsOf: text[start..<end], at: start)
      case 2: text[start] = UInt8(32 + pick(95))
      case 3:
        let other = texts[pick(texts.count)]
        guard !other.isEmpty else { continue }
        let from = pick(other.count)
        text.insert(contentsOf: other[from..<min(other.count, from + pick(40))], at: start)
      case 4: text.insert(contentsOf: Array(numbers[pick(numbers.count)].utf8), at: start)
      default:
        let (old, new) = (word(text, start), texts[pick(texts.count)])
        guard !new.isEmpty else { continue }
        text.replaceSubrange(old, with: new[word(new, pick(new.count))])
      }
    }
    return text.filter { $0 != 0 }
  }

  private static let numbers = [
    "-1000000000", "0", "-1", "nan", "inf", "1e308", "9007199254740993", "0.5", "zeros(0)", "[]",
    "true", "none", "\"\"",
  ]

  /// The word, number or single mark around a place.
  private static func word(_ text: [UInt8], _ place: Int) -> Range<Int> {
    let isPart = { (byte: UInt8) in
      byte >= 0x80 || byte == 0x5F || byte == 0x2E || (0x30...0x39).contains(byte)
        || (0x41...0x5A).contains(byte & 0xDF)
    }
    guard isPart(text[place]) else { return place..<place + 1 }
    var (start, end) = (place, place)
    while start > 0, isPart(text[start - 1]) { start -= 1 }
    while end < text.count, isPart(text[end]) { end += 1 }
    return start..<end
  }
}

/// A thread that interrupts what runs longer than a tenth of a second.
private final class Watch: Sendable {
  private let started = Atomic<Int>(0)
  private let requested = Atomic<Int>(0)

  static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  /// Runs a program; how many nanoseconds it went on after an interrupt was requested.
  func during(_ body: () -> Void) -> Int {
    requested.store(0, ordering: .sequentiallyConsistent)
    Interrupts.clear()
    started.store(Watch.now(), ordering: .sequentiallyConsistent)
    body()
    started.store(0, ordering: .sequentiallyConsistent)
    let since = requested.load(ordering: .sequentiallyConsistent)
    return since == 0 ? 0 : Watch.now() - since
  }

  func start() {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let watch = Unmanaged<Watch>.fromOpaque(argument).takeRetainedValue()
        while true {
          usleep(10_000)
          watch.look()
        }
      }, Unmanaged.passRetained(self).toOpaque())
  }

  private func look() {
    let (start, since) = (
      started.load(ordering: .sequentiallyConsistent),
      requested.load(ordering: .sequentiallyConsistent)
    )
    guard start != 0 else { return }
    if since == 0, Watch.now() - start > 100_000_000 {
      requested.store(Watch.now(), ordering: .sequentiallyConsistent)
      Interrupts.request()
    }
    // Half a minute after the interrupt it counts as hanging: the program is current.nns.
    if since != 0, Watch.now() - since > 30_000_000_000 { _exit(3) }
  }
}
