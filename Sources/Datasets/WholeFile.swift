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
      unlink(temporary)
      close(file)
      throw error
    }
    // The lock lasts until the new file is in its place.
    defer { close(file) }
    guard rename(temporary, target) == 0 else {
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

  /// An empty file beside the target, always of the same name: what a killed process left there is
  /// used again. Its lock keeps out everybody who saves to the same target meanwhile.
  private static func create(_ target: String, _ path: String) throws(DataProblem) -> (
    Int32, String
  ) {
    let name = temporaryName(target)
    while true {
      let file = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
      guard file >= 0 else { throw failure("cannot write \(path)") }
      // Some file systems know no locks; the file is as good without.
      while flock(file, LOCK_EX) != 0, errno == EINTR {}
      var (mine, there) = (stat(), stat())
      guard fstat(file, &mine) == 0, mine.st_mode & S_IFMT == S_IFREG, ftruncate(file, 0) == 0
      else {
        close(file)
        throw DataProblem("cannot write \(path): \(name) is in the way")
      }
      // Whoever had the lock before may have renamed it to the target.
      if stat(name, &there) == 0, there.st_ino == mine.st_ino, there.st_dev == mine.st_dev {
        return (file, name)
      }
      close(file)
    }
  }

  /// `folder/.net.safetensors.tmp`
  private static func temporaryName(_ target: String) -> String {
    let start = target.lastIndex(of: "/").map { target.index(after: $0) } ?? target.startIndex
    var base = target[start...]
    // A name has at most 255 bytes.
    while base.utf8.count > 250 { base.removeLast() }
    return "\(target[..<start]).\(base).tmp"
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
