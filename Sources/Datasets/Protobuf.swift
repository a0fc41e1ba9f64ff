// The few pieces of protocol buffers that ONNX files are made of:
// https://protobuf.dev/programming-guides/encoding.

/// A message as bytes.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func key(_ field: Int, _ type: UInt64) { varint(UInt64(field) << 3 | type) }

  mutating func add(_ field: Int, _ value: Int) {
    key(field, 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func add(_ field: Int, float value: Float) {
    key(field, 5)
    let bits = value.bitPattern
    for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
  }

  mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

  mutating func add(_ field: Int, _ content: [UInt8]) {
    key(field, 2)
    varint(UInt64(content.count))
    bytes += content
  }

  mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, message.bytes) }
}
