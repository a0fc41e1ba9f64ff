// The files of Scripts that the program carries: lessons, and the data that they read.

import CLessons

package enum EmbeddedFiles {
  /// What `script_folder` is in a lesson; its data are read from below it.
  static let folder = "nns:lessons"

  /// Paths below Scripts, lessons in their order.
  package static var paths: [String] {
    (0..<nns_file_count()).map { String(cString: nns_file_path($0)) }
  }

  /// The bytes of a file below Scripts; nil where there is none.
  package static func bytes(_ path: String) -> [UInt8]? {
    guard let index = paths.firstIndex(of: path) else { return nil }
    return Array(
      UnsafeBufferPointer(start: nns_file_bytes(index), count: nns_file_length(index)))
  }

  /// What a lesson means by `{script_folder}/../data/houses.csv`.
  static func attached(_ path: String) -> [UInt8]? {
    let start = folder + "/../"
    return path.hasPrefix(start) ? bytes(String(path.dropFirst(start.count))) : nil
  }
}
