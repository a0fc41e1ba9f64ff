// Formats of files that save writes and load reads: one record each.

import Datasets
import Engine
import Interpreter

struct FileFormat: Sendable {
  /// How names end: what is written has the first, what is read any of them.
  let suffixes: [String]
  /// Sentences for the help of save and of load.
  let saving: [String]
  let loading: [String]
  /// Programs with `# =>` lines for the help of load.
  let examples: [String]
  /// Whether it is the one for such a value; what doesn't fit in detail, `write` says.
  let accepts: @Sendable (Value, Session) -> Bool
  /// Writes the first argument of save to a path; throws where it doesn't fit.
  let write: (@Sendable (Call, _ path: String) throws -> Value)?
  /// What load(path) gives.
  let read: (@Sendable (Call, _ path: String) throws -> Value)?

  init(
    _ suffixes: [String], saving: [String] = [], loading: [String] = [],
    examples: [String] = [],
    accepts: @escaping @Sendable (Value, Session) -> Bool = { _, _ in false },
    write: (@Sendable (Call, String) throws -> Value)? = nil,
    read: (@Sendable (Call, String) throws -> Value)? = nil
  ) {
    self.suffixes = suffixes
    self.saving = saving
    self.loading = loading
    self.examples = examples
    self.accepts = accepts
    self.write = write
    self.read = read
  }

  static let all: [FileFormat] = [
    safetensors, onnx, npy, npz, csv, idx, png, svg,
  ]

  /// The format of a file by its name; nil where it ends like none of them.
  static func named(_ path: String) -> FileFormat? {
    all.first { $0.suffixes.contains { ends(path, in: $0) } }
  }

  /// Whether a name ends in a suffix and has more than that.
  static func ends(_ path: String, in suffix: String) -> Bool {
    path.hasSuffix(suffix) && path != suffix
  }

  /// `.npy, .npz or .png`
  static func list(_ suffixes: [String]) -> String {
    guard let last = suffixes.last, suffixes.count > 1 else { return suffixes.first ?? "" }
    return suffixes.dropLast().joined(separator: ", ") + " or " + last
  }

  static var written: [String] { all.filter { $0.write != nil }.map { $0.suffixes[0] } }
  static var readable: [String] { all.filter { $0.read != nil }.map { $0.suffixes[0] } }

  /// The bytes of a file, at most 1 GB; those of one that is part of the program come from there.
  static func bytes(_ call: Call, _ path: String, limit: Int = limit) throws -> [UInt8] {
    try call.session.checkIsThere(path)
    if let attached = call.session.attachedFile(path) { return attached }
    return try checked(0) { () throws(DataProblem) in
      try WholeFile.read(path, limit: limit) { Interrupts.isRequested }
    }
  }

  static let limit = 1 << 30

  /// What goes wrong with the bytes of a file that is written (argument 1) or read (argument 0).
  static func checked<T>(_ argument: Int, _ body: () throws(DataProblem) -> T) throws -> T {
    do throws(DataProblem) { return try body() } catch {
      throw Problem(error, .file, argument: argument)
    }
  }

  static func store(_ bytes: [UInt8], _ path: String) throws {
    try checked(1) { () throws(DataProblem) in try WholeFile.write(bytes, to: path) }
  }
}
