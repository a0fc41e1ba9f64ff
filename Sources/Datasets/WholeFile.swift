// Writing a file so that it is there whole or not at all; reading one with a limit.

import Glibc

package enum WholeFile {
  /// Bytes of a file, where nobody says otherwise.
  package static let limit = 1 << 28

  static func failure(_ what: String) -> DataProblem {
    DataProblem("\(what): \(String(cString: strerror(errno)))")
  }

  /// All bytes of a file, at most so many; of one that gzip made, what it holds. A pipe is read to its
  /// end; nobody waits for one to which nobody writes, and `isInterrupted` is asked all the time.
  package static func read(_ path: String, limit: Int = limit, isInterrupted: () -> Bool)
    throws(DataProblem) -> [UInt8]
  {
    let bytes = try readPlain(path, limit: limit, isInterrupted: isInterrupted)
    guard Gzip.isCompressed(bytes) else { return bytes }
    return try Gzip.inflate(bytes, path, limit: limit, isInterrupted: isInterrupted)
  }

  private static func readPlain(_ path: String, limit: Int, isInterrupted: () -> Bool)
    throws(DataProblem) -> [UInt8]
  {
    try checkPath(path)
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw failure("cannot read \(path)") }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var waits = 0
    while !isInterrupted() {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count > 0 {
        bytes += chunk[..<count]
        guard bytes.count <= limit else {
          throw DataProblem("\(path) is larger than \(limit >> 20) MB")
        }
      } else if count < 0, errno != EINTR, errno != EAGAIN {
        throw failure("cannot read \(path)")
      } else {
        if count == 0, !bytes.isEmpty || !awaitsWriter(file) { return bytes }
        waits += 1
        guard count < 0 || waits < 20 else {
          throw DataProblem("cannot read \(path): nobody writes to this pipe")
        }
        var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        poll(&waiting, 1, 50)
      }
    }
    throw .interrupted
  }

  /// Whether a pipe has not been opened at its other end yet.
  private static func awaitsWriter(_ file: Int32) -> Bool {
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return false }
    var state = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    poll(&state, 1, 50)
    return state.revents & Int16(POLLHUP) == 0
  }

  /// The system would read a name only as far as its first NUL.
  static func checkPath(_ path: String) throws(DataProblem) {
    guard path.utf8.contains(0) else { return }
    throw DataProblem("a file name has no NUL character")
  }

  /// Throws at a pipe or a device: whoever opens a pipe waits until somebody writes to it, which may be
  /// never.
  static func checkOrdinary(_ path: String) throws(DataProblem) {
    try checkPath(path)
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    // What goes wrong with a folder, reading says.
    guard [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else {
      throw DataProblem("it is no ordinary file")
    }
  }

  /// Writes to a temporary file beside it, flushes it to the disk, and renames it: the old file
  /// stays until the new one is complete. A symbolic link stays one: its target is replaced.
  package static func write(_ bytes: [UInt8], to path: String) throws(DataProblem) {
    try checkPath(path)
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
