// What a folder holds.

import Glibc

package enum Folder {
  /// The names in a folder in the order of their characters, without those that begin with a full
  /// stop; and whether each is a folder itself.
  package static func entries(_ path: String) throws(DataProblem) -> [(
    name: String, isFolder: Bool
  )] {
    try WholeFile.checkPath(path)
    guard let folder = opendir(path) else {
      throw WholeFile.failure("cannot read the folder \(path)")
    }
    defer { closedir(folder) }
    var result: [(name: String, isFolder: Bool)] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(".") { continue }
      var status = stat()
      let isFolder = stat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      result.append((name, isFolder))
    }
    return result.sorted { $0.name < $1.name }
  }
}
