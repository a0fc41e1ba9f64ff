// Comma-separated values by RFC 4180: quotes, line ends inside quotes, CRLF, a byte-order mark. Other
// than there, blanks round a field do not belong to it, unless it is quoted.

package enum CSV {
  private static let missingWords: Set<String> = ["", "NA", "na", "N/A", "nan", "NaN", "null", "?"]

  /// A table of the text; its first record names the columns. Columns whose every value is a
  /// number hold numbers. Long texts are given up when `isInterrupted` says so.
  package static func parse(
    _ bytes: [UInt8], isInterrupted: () -> Bool = { false }
  ) throws(DataProblem) -> Table {
    var records = try records(bytes, isInterrupted)
    guard !records.isEmpty else { throw DataProblem("the file is empty") }
    let header = records.removeFirst().fields
    var places: [String: Int] = [:]
    for (place, name) in header.enumerated() {
      if let first = places[name] {
        throw DataProblem("columns \(first + 1) and \(place + 1) are both named '\(name)'")
      }
      places[name] = place
    }
    for record in records where record.fields.count != header.count {
      throw ragged(record.fields, record.line, header)
    }
    var columns: [(name: String, values: Column)] = []
    for (place, name) in header.enumerated() {
      if isInterrupted() { throw .interrupted }
      columns.append((name, column(records.map { $0.fields[place] })))
    }
    return Table(columns)
  }

  private static func ragged(_ fields: [String], _ line: Int, _ header: [String]) -> DataProblem {
    let count = fields.count == 1 ? "one field" : "\(fields.count) fields"
    let counts = "line \(line) has \(count), the header has \(header.count): "
    guard fields.count > header.count else {
      return DataProblem(counts + "\(columnName(fields.count, header)) is not there")
    }
    let more = fields[header.count]
    return DataProblem(
      counts + "field \(header.count + 1), \"\(more.prefix(30))\", belongs to no column")
  }

  /// `column 2 (area)`
  private static func columnName(_ place: Int, _ header: [String]) -> String {
    place < header.count && !header[place].isEmpty
      ? "column \(place + 1) (\(header[place]))" : "column \(place + 1)"
  }

  private static func column(_ texts: [String]) -> Column {
    var numbers: [Double?] = []
    numbers.reserveCapacity(texts.count)
    for text in texts {
      let text = trimmed(text)
      if missingWords.contains(text) {
        numbers.append(nil)
      } else if let x = number(text) {
        numbers.append(x)
      } else {
        return .strings(texts.map { missingWords.contains(trimmed($0)) ? nil : $0 })
      }
    }
    return .numbers(numbers)
  }

  /// A decimal number; hexadecimal ones, infinities and what is larger than numbers can be are text.
  static func number(_ text: String) -> Double? {
    let isDecimal = text.utf8.allSatisfy { byte in
      byte >= 0x30 && byte <= 0x39 || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
    }
    guard isDecimal, let x = Double(text), x.isFinite else { return nil }
    return x
  }

  /// Without blanks at both ends: `1, 2` holds two numbers.
  private static func trimmed(_ text: String) -> String {
    guard text.utf8.first == 0x20 || text.utf8.last == 0x20 else { return text }
    var rest = Substring(text)
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return String(rest)
  }

  private static func records(_ bytes: [UInt8], _ isInterrupted: () -> Bool) throws(DataProblem)
    -> [(fields: [String], line: Int)]
  {
    var result: [(fields: [String], line: Int)] = []
    var position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var line = 1
    while position < bytes.count {
      let first = line
      var fields: [String] = []
      var ended = false
      if result.count & 0xFFF == 0, isInterrupted() { throw .interrupted }
      while !ended {
        let (field, next): (String, Int)
        do throws(DataProblem) { (field, next) = try self.field(bytes, position, &line) } catch {
          let column = columnName(fields.count, result.first?.fields ?? [])
          throw DataProblem("line \(line), \(column): \(error.message)")
        }
        fields.append(field)
        position = next
        if position >= bytes.count {
          ended = true
        } else if bytes[position] == 0x2C {
          position += 1
          if position >= bytes.count { fields.append(""); ended = true }
        } else {
          if bytes[position] == 0x0D { position += 1 }
          if position < bytes.count, bytes[position] == 0x0A { position += 1 }
          line += 1
          ended = true
        }
      }
      // In a file of one column an empty line is a missing value.
      if fields != [""] || result.first?.fields.count == 1 { result.append((fields, first)) }
    }
    return result
  }

  /// A comma or the end of a line.
  @inline(__always)
  private static func endsField(_ byte: UInt8) -> Bool {
    byte == 0x2C || byte == 0x0A || byte == 0x0D
  }

  private static func field(_ bytes: [UInt8], _ start: Int, _ line: inout Int) throws(DataProblem)
    -> (String, Int)
  {
    var position = start
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
      position += 1
    }
    guard position < bytes.count, bytes[position] == 0x22 else {
      while position < bytes.count, !endsField(bytes[position]) {
        if bytes[position] == 0x22 {
          throw DataProblem("a quote inside a field that does not begin with one")
        }
        position += 1
      }
      return (try text(trimmed(bytes[start..<position])), position)
    }
    let first = line
    position += 1
    var content: [UInt8] = []
    while position < bytes.count {
      if bytes[position] == 0x22 {
        guard position + 1 < bytes.count, bytes[position + 1] == 0x22 else {
          position += 1
          while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
            position += 1
          }
          guard position >= bytes.count || endsField(bytes[position]) else {
            throw DataProblem("text behind a closing quote")
          }
          return (try text(content[...]), position)
        }
        position += 1
      }
      if bytes[position] == 0x0A { line += 1 }
      content.append(bytes[position])
      position += 1
    }
    line = first
    throw DataProblem("the quote that begins here is not closed")
  }

  /// Without blanks at both ends.
  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    var rest = bytes.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  private static func text(_ bytes: ArraySlice<UInt8>) throws(DataProblem) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataProblem("the text is not UTF-8")
    }
    return text
  }
}
