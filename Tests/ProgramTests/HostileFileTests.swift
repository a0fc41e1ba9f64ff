// Files that are cut, changed or made up: every one of them is refused or read, none traps.

import Datasets
import Engine
import Testing

@Suite("Hostile files")
struct HostileFileTests {
  static let folder = Files.root + "/Tests/Programs/files/"
  static let files = [
    "f32.npy", "cube.npy", "bool.npy", "stored.npz", "packed.npz", "color.png", "palette.png",
  ]

  private static func decode(_ bytes: [UInt8], _ name: String) throws {
    if name.hasSuffix(".npy") {
      _ = try NPY.decode(bytes, name)
    } else if name.hasSuffix(".npz") {
      _ = try NPZ.decode(bytes, name, limit: 1 << 20) { false }
    } else {
      _ = try PNG.decode(bytes, name)
    }
  }

  private static func bytes(_ name: String) throws -> [UInt8] {
    try WholeFile.read(folder + name) { false }
  }

  @Test("files that end too early are refused", arguments: files)
  func cut(_ name: String) throws {
    let whole = try Self.bytes(name)
    try Self.decode(whole, name)
    for count in 0..<whole.count where count < 400 || count % 7 == 0 {
      // libpng takes a picture whose last chunk is missing.
      if name.hasSuffix(".png"), count >= whole.count - 16 { continue }
      #expect(throws: DataProblem.self) { try Self.decode(Array(whole[..<count]), name) }
    }
  }

  @Test("changed bytes never trap", arguments: files)
  func changed(_ name: String) throws {
    let whole = try Self.bytes(name)
    var stream = RandomStream(seed: 7)
    for _ in 0..<2000 {
      var bytes = whole
      for _ in 0..<1 + Int(3 * stream.nextUniform()) {
        let place = Int(Double(bytes.count) * stream.nextUniform())
        bytes[place] = UInt8(256 * stream.nextUniform())
      }
      try? Self.decode(bytes, name)
    }
  }

  @Test("what a header claims is held against the bytes")
  func claims() {
    func npy(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
      [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
        + data
    }
    func message(_ bytes: [UInt8]) -> String {
      do throws(DataProblem) { _ = try NPY.decode(bytes, "x.npy") } catch { return error.message }
      return "read"
    }
    let f4 = "{'descr': '<f4', 'fortran_order': False, 'shape': (%), }"
    func with(_ shape: String) -> String {
      String(f4.map { $0 == "%" ? shape : String($0) }.joined())
    }
    #expect(message(npy(with("1,"), [0, 0, 0, 0])) == "read")
    #expect(message(npy(with("2,"), [0, 0, 0, 0])).contains("4 bytes follow"))
    #expect(message(npy(with("9223372036854775807, 3"))).contains("impossible"))
    #expect(message(npy(with("99999999999999999999,"))).contains("impossible"))
    #expect(message(npy(with("-1,"))).contains("impossible"))
    #expect(message(npy(with("4611686018427387904,"))).contains("x.npy"))
    #expect(message(npy("{}")).contains("does not understand"))
    #expect(
      message(npy("{'descr': '|O', 'fortran_order': False, 'shape': ()}")).contains(
        "element type |O"))
    #expect(
      message(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}")).contains(
        "element type"))
    #expect(
      message(npy("{'descr': '<f4', 'fortran_order': 1, 'shape': ()}")).contains(
        "does not understand"))
    #expect(
      message(npy("{'descr': '|b1', 'fortran_order': False, 'shape': ()}", [7])).contains(
        "as a bool"))
    let eight = [UInt8](repeating: 255, count: 8)
    #expect(
      message(npy("{'descr': '<u8', 'fortran_order': False, 'shape': ()}", eight)).contains("2^63"))
  }

  @Test("archives hold what they say, and not too much")
  func archives() throws {
    func message(_ bytes: [UInt8], limit: Int = 1 << 20) -> String {
      do throws(DataProblem) { _ = try NPZ.decode(bytes, "x.npz", limit: limit) { false } } catch {
        return error.message
      }
      return "read"
    }
    let packed = try Self.bytes("packed.npz")
    #expect(message(packed) == "read")
    #expect(message(packed, limit: 1000).contains("holds more than"))
    let text = try Zip.encode([Zip.Entry(name: "a.txt", bytes: [1])], "x.npz")
    #expect(message(text).contains("no array of NumPy"))
    let array = try Self.bytes("f32.npy")
    let twice = try Zip.encode(
      [Zip.Entry(name: "a.npy", bytes: array), Zip.Entry(name: "a.npy", bytes: array)], "x")
    #expect(message(twice).contains("twice"))
    var damaged = try Zip.encode([Zip.Entry(name: "a.npy", bytes: array)], "x")
    damaged[40 + 120] ^= 1
    #expect(message(damaged).contains("check sum"))
  }
}
