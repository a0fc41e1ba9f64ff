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

  /// For every hole the size that fits.
  func diagnostics() -> [Diagnostic] {
    let sizes = candidates()
    return holes.map { hole in
      let span = SourceSpan(source, TextRange(hole, hole + 1))
      for size in sizes where ProgramCheck.fits(filled(hole, with: size.size), folder: folder) {
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

  private func filled(_ hole: Int, with size: Int) -> SourceText {
    let text =
      source.slice(TextRange(0, hole)) + String(size)
      + source.slice(TextRange(hole + 1, source.utf8.count))
    return SourceText(name: source.name, text: text)
  }

  /// Sizes of tensors and whole numbers that have names, with these.
  private func candidates() -> [(size: Int, names: [String])] {
    var found: [(size: Int, names: [String])] = []
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
