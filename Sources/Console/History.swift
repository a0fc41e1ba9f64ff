// The history file: one entry a line, written under a lock so that two prompts do not mix.

@preconcurrency import Glibc

struct History {
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

  /// Entries, oldest first, without duplicates.
  func entries() -> [String] {
    guard let path, let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    var seen: Set<String> = []
    var result: [String] = []
    for line in bytes.split(separator: 0x0A).reversed() {
      let entry = decode(String(decoding: line, as: UTF8.self))
      if seen.insert(entry).inserted { result.append(entry) }
    }
    return result.prefix(2000).reversed()
  }

  func append(_ entry: String) {
    guard let path, !entry.isEmpty else { return }
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    defer { close(file) }
    flock(file, LOCK_EX)
    var bytes = Array((encode(entry) + "\n").utf8)
    _ = write(file, &bytes, bytes.count)
  }

  private func encode(_ entry: String) -> String {
    var result = ""
    for character in entry {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default: result.append(character)
      }
    }
    return result
  }

  private func decode(_ line: String) -> String {
    var result = ""
    var escaped = false
    for character in line {
      if escaped {
        result.append(character == "n" ? "\n" : character)
        escaped = false
      } else if character == "\\" {
        escaped = true
      } else {
        result.append(character)
      }
    }
    return result
  }
}
