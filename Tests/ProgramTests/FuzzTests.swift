// Mutants of the repository's programs: whatever is typed, nothing crashes and nothing hangs.

import Diagnostics
import Engine
import Glibc
import Interpreter
import Library
import Testing

@Suite("Fuzz")
struct FuzzTests {
  @Test("20 000 mutants of the programs run to an end or an error")
  func mutants() throws {
    let seeds =
      (Files.below(Files.root + "/Tests/Programs") + Files.below(Files.root + "/Scripts/lessons"))
      .filter { $0.hasSuffix(".nns") }
    #expect(!seeds.isEmpty)
    let texts = try seeds.map { Array(try Files.read($0).utf8) }.filter { $0.count < 3000 }
    Memory.setLimit(64 << 20)
    let finished = onLargeStack {
      Self.run(texts)
      return 1
    }
    #expect(finished == 1)
  }

  private static func run(_ texts: [[UInt8]]) {
    var stream = RandomStream(seed: 20)
    for round in 0..<20_000 {
      let mutant = mutate(texts, &stream)
      guard let source = try? SourceText.decode("mutant \(round)", mutant) else { continue }
      let session = Library.makeSession { _ in }
      session.instructionLimit = 20_000
      _ = try? session.run(source)
    }
  }

  /// One program with a few pieces cut, doubled, swapped or replaced.
  private static func mutate(_ texts: [[UInt8]], _ stream: inout RandomStream) -> [UInt8] {
    func pick(_ count: Int) -> Int { min(count - 1, Int(stream.nextUniform() * Double(count))) }
    var text = texts[pick(texts.count)]
    for _ in 0...pick(4) where !text.isEmpty {
      let start = pick(text.count)
      let end = min(text.count, start + 1 + pick(12))
      switch pick(5) {
      case 0: text.removeSubrange(start..<end)
      case 1: text.insert(contentsOf: text[start..<end], at: start)
      case 2: text[start] = UInt8(32 + pick(95))
      case 3:
        let other = texts[pick(texts.count)]
        guard !other.isEmpty else { continue }
        let from = pick(other.count)
        text.insert(contentsOf: other[from..<min(other.count, from + pick(40))], at: start)
      default: text.insert(contentsOf: Array("-1000000000".utf8), at: start)
      }
    }
    return text.filter { $0 != 0 }
  }
}
