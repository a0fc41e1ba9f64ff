// Typed holes: `dense(?, 10)` asks which size fits, and what in scope has it.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Syntax

/// The holes of a program that is known to be whole but for them.
struct CheckHoles {
  private let source: SourceText
  private let folder: String
  private let holes: [Int]
  private let session: Session
  /// How many sizes are tried.
  private static let most = 12
  /// How long a fitting choice is looked for, of the processor's time.
  private static let seconds = 0.6

  private typealias Candidate = (size: Int, names: [String])

  init(_ source: SourceText, _ folder: String, _ holes: [Int], _ session: Session) {
    (self.source, self.folder, self.holes, self.session) = (source, folder, holes, session)
  }

  /// The source with a 1 for every `?` outside of texts and comments, and where they are.
  static func found(in source: SourceText) -> (plain: SourceText, holes: [Int]) {
    var bytes = source.utf8
    var holes: [Int] = []
    var (isText, isComment) = (false, false)
    for (index, byte) in source.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "\n"): (isText, isComment) = (false, false)
      case UInt8(ascii: "\"") where !isComment: isText.toggle()
      case UInt8(ascii: "#") where !isText: isComment = true
      case UInt8(ascii: "?") where !isText && !isComment:
        bytes[index] = UInt8(ascii: "1")
        holes.append(index)
      default: break
      }
    }
    guard !holes.isEmpty else { return (source, []) }
    return (SourceText(name: source.name, text: String(decoding: bytes, as: UTF8.self)), holes)
  }

  /// Whether an error is only there because a hole was filled with 1.
  static func concerns(_ diagnostic: Diagnostic, _ told: [Diagnostic]) -> Bool {
    !diagnostic.isWarning && diagnostic.kind == .shape && !told.isEmpty
  }

  /// For every hole the size that fits together with those of the others.
  func diagnostics() -> [Diagnostic] {
    let sizes = candidates()
    let fitting = fitting(sizes)
    return holes.enumerated().map { number, hole in
      let span = SourceSpan(source, TextRange(hole, hole + 1))
      if let size = fitting?[number] {
        let names = size.names.prefix(3).joined(separator: ", ")
        return Diagnostic(
          .shape, "this size is asked for: \(size.size) fits", at: span,
          labels: [Diagnostic.Label(span, names)], help: "write \(size.size)")
      }
      return Diagnostic(
        .shape, "no size that is in scope fits here", at: span,
        notes: sizes.isEmpty
          ? [] : ["tried \(sizes.map { String($0.size) }.joined(separator: ", "))"])
    }
  }

  /// The first choice of a size for every hole with which the program is whole, the last hole's
  /// size changing fastest; nil when there is none, or none is found in time.
  private func fitting(_ sizes: [Candidate]) -> [Candidate]? {
    guard !sizes.isEmpty else { return nil }
    let end = CheckTimer.used + Self.seconds
    var chosen = [Int](repeating: 0, count: holes.count)
    while CheckTimer.used < end {
      let choice = chosen.map { sizes[$0] }
      if ProgramCheck.fits(filled(with: choice), folder: folder) { return choice }
      guard let next = chosen.lastIndex(where: { $0 < sizes.count - 1 }) else { return nil }
      chosen[next] += 1
      for later in chosen.indices.dropFirst(next + 1) { chosen[later] = 0 }
    }
    return nil
  }

  private func filled(with sizes: [Candidate]) -> SourceText {
    var text = ""
    var end = 0
    for (hole, size) in zip(holes, sizes) {
      text += source.slice(TextRange(end, hole)) + String(size.size)
      end = hole + 1
    }
    return SourceText(
      name: source.name, text: text + source.slice(TextRange(end, source.utf8.count)))
  }

  /// Sizes of tensors and whole numbers that have names, with these.
  private func candidates() -> [Candidate] {
    var found: [Candidate] = []
    func add(_ size: Int, _ name: String) {
      guard size > 0 else { return }
      if let place = found.firstIndex(where: { $0.size == size }) {
        found[place].names.append(name)
      } else {
        found.append((size, [name]))
      }
    }
    for (name, value) in session.globals.user {
      if case .number(let x) = value, x == x.rounded(), x.magnitude < 1e9 { add(Int(x), name) }
      guard case .tensor = value, let node = session.node(value) else { continue }
      for (axis, size) in node.shape.dims.enumerated() { add(size, "\(name).shape[\(axis)]") }
    }
    return Array(found.prefix(CheckHoles.most))
  }
}
