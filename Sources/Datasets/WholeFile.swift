// Writing a file so that it is there whole or not at all.

import Glibc

package enum WholeFile {
  static func failure(_ what: String) -> DataProblem {
    DataProblem("\(what): \(String(cString: strerror(errno)))")
  }

  /// Writes to a temporary file beside it, flushes it to the disk, and renames it: the old file
  /// stays until the new one is complete.
  package static func write(_ bytes: [UInt8], to path: String) throws(DataProblem) {
    let temporary = path + ".\(getpid()).tmp"
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure("cannot write \(path)") }
    do throws(DataProblem) {
      try writeAll(file, bytes, path)
      guard fsync(file) == 0 else { throw failure("cannot write \(path)") }
    } catch {
      close(file)
      unlink(temporary)
      throw error
    }
    guard close(file) == 0, rename(temporary, path) == 0 else {
      let problem = failure("cannot replace \(path)")
      unlink(temporary)
      throw problem
    }
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
