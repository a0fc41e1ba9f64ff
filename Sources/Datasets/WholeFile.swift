// Writing a file so that it is there whole or not at all.

import Glibc

package enum WholeFile {
  static func failure(_ what: String) -> DataProblem {
    DataProblem("\(what): \(String(cString: strerror(errno)))")
  }

  /// Writes to a temporary file beside it, flushes it to the disk, and renames it: the old file
  /// stays until the new one is complete. A symbolic link stays one: its target is replaced.
  package static func write(_ bytes: [UInt8], to path: String) throws(DataProblem) {
    let target = resolved(path)
    var status = stat()
    let isThere = stat(target, &status) == 0
    guard !isThere || status.st_mode & S_IFMT == S_IFREG else {
      throw DataProblem("cannot write \(path): it is no ordinary file")
    }
    let (file, temporary) = try create(target, path)
    do throws(DataProblem) {
      if isThere { fchmod(file, status.st_mode & 0o7777) }
      try writeAll(file, bytes, path)
      guard fsync(file) == 0 else { throw failure("cannot write \(path)") }
    } catch {
      close(file)
      unlink(temporary)
      throw error
    }
    guard close(file) == 0, rename(temporary, target) == 0 else {
      let problem = failure("cannot replace \(path)")
      unlink(temporary)
      throw problem
    }
  }

  private static func resolved(_ path: String) -> String {
    guard let full = realpath(path, nil) else { return path }
    defer { free(full) }
    return String(cString: full)
  }

  /// A new file beside the target; names that a killed process left are passed over.
  private static func create(_ target: String, _ path: String) throws(DataProblem) -> (
    Int32, String
  ) {
    for number in 0..<1000 {
      let name = "\(target).\(getpid())-\(number).tmp"
      let file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      if file >= 0 { return (file, name) }
      guard errno == EEXIST else { break }
    }
    throw failure("cannot write \(path)")
  }

  private static func writeAll(_ file: Int32, _ bytes: [UInt8], _ path: String) throws(DataProblem)
  {
    var done = 0
    while done < bytes.count {
      let written = bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw failure("cannot write \(path)") }
      done += written
    }
  }
}
