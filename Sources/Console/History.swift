// The history file: one entry a line, written under a lock so that two prompts do not mix.

@preconcurrency import Glibc

struct History {
  /// So many entries are kept; the file is rewritten when it has twice as many lines.
  private static let limit = 2000
  private let path: String?

  /// `$NNS_HISTORY`, else `$XDG_STATE_HOME/nns/history`, else `~/.local/state/nns/history`; an empty
  /// `NNS_HISTORY` switches it off.
  init() {
    if let chosen = getenv("NNS_HISTORY") {
      let text = String(cString: chosen)
      path = text.isEmpty ? nil : text
      return
    }
    let state = getenv("XDG_STATE_HOME").map { String(cString: $0) } ?? ""
    let home = getenv("HOME").map { String(cString: $0) } ?? ""
    guard state.hasPrefix("/") || !home.isEmpty else {
      path = nil
      return
    }
    let base = state.hasPrefix("/") ? state : home + "/.local/state"
    var folder = ""
    for part in (base + "/nns").split(separator: "/") {
      folder += "/" + part
      mkdir(folder, 0o700)
    }
    path = folder + "/history"
  }

  init(path: String) { self.path = path }

  /// A file beside the history; nil where nothing is kept.
  func neighbour(_ name: String) -> String? {
    path.map { path in
      let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
      return folder + name
    }
  }

  /// Entries, oldest first, without duplicates.
  func entries() -> [String] {
    guard let path else { return [] }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    let lines = Self.lines(of: file)
    let entries = Self.entries(lines)
    if lines.count > 2 * Self.limit { rewrite() }
    return entries
  }

  /// Adds an entry behind all others, those of other prompts included.
  func append(_ entry: String) {
    guard !entry.isEmpty, let path, let file = lock(path) else { return }
    defer { close(file) }
    var bytes = Array((Self.encode(entry) + "\n").utf8)
    // Whatever was cut short while it was written stays alone on its line.
    let size = lseek(file, 0, SEEK_END)
    var last: UInt8 = 0
    if size > 0, pread(file, &last, 1, size - 1) == 1, last != 0x0A { bytes.insert(0x0A, at: 0) }
    Self.write(bytes, to: file)
  }

  /// The file open for reading and appending, locked until it is closed; another prompt may have
  /// put a new file in its place while we waited.
  private func lock(_ path: String) -> Int32? {
    while true {
      let file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
      guard file >= 0 else { return nil }
      while flock(file, LOCK_EX) != 0, errno == EINTR {}
      fchmod(file, 0o600)
      var (held, named) = (stat(), stat())
      if fstat(file, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino {
        return file
      }
      close(file)
    }
  }

  /// Drops duplicates and what is old; a crash leaves the old file or the new one.
  private func rewrite() {
    guard let path, let file = lock(path) else { return }
    defer { close(file) }
    let entries = Self.entries(Self.lines(of: file))
    let draft = "\(path).\(getpid())"
    let output = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard output >= 0 else { return }
    let text = entries.map { Self.encode($0) + "\n" }.joined()
    let isWritten = Self.write(Array(text.utf8), to: output) && fsync(output) == 0
    close(output)
    if !isWritten || rename(draft, path) != 0 { unlink(draft) }
  }

  @discardableResult
  private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private static func lines(of file: Int32) -> [ArraySlice<UInt8>] {
    lseek(file, 0, SEEK_SET)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return bytes.split(separator: 0x0A) }
      bytes += chunk[..<count]
    }
  }

  /// The newest entries in their order, each once, where it was typed last.
  private static func entries(_ lines: [ArraySlice<UInt8>]) -> [String] {
    var seen: Set<String> = []
    var result: [String] = []
    for line in lines.reversed() {
      let entry = decode(String(decoding: line, as: UTF8.self))
      if seen.insert(entry).inserted { result.append(entry) }
      if result.count == limit { break }
    }
    return result.reversed()
  }

  private static func encode(_ entry: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in entry.unicodeScalars {
      switch scalar {
      case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
      case "\n": result.append(contentsOf: "\\n".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private static func decode(_ line: String) -> String {
    var result = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if isEscaped {
        result.append(scalar == "n" ? "\n" : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}
