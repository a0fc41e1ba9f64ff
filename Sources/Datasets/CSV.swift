// Comma-separated values by RFC 4180: quotes, line ends inside quotes, CRLF, a byte-order mark. Other
// than there, blanks round a field do not belong to it, unless it is quoted.

package enum CSV {
  private static let missingWords: Set<String> = ["", "NA", "na", "N/A", "nan", "NaN", "null", "?"]

  /// A table of the text; its first record names the columns. Columns whose every value is a
  /// number hold numbers.
  package static func parse(_ bytes: [UInt8]) throws(DataProblem) -> Table {
    var records = try records(bytes)
    guard !records.isEmpty else { throw DataProblem("the file is empty") }
    let header = records.removeFirst().fields
    var names: Set<String> = []
    for name in header where !names.insert(name).inserted {
      throw DataProblem("two columns are named '\(name)'")
    }
    for record in records where record.fields.count != header.count {
      throw DataProblem(
        "line \(record.line) has \(record.fields.count) fields, the header has \(header.count)")
    }
    return Table(
      header.enumerated().map { place, name in
        (name, column(records.map { $0.fields[place] }))
      })
  }

  private static func column(_ texts: [String]) -> Column {
    var numbers: [Double?] = []
    numbers.reserveCapacity(texts.count)
    for text in texts {
      let text = trimmed(text)
      if missingWords.contains(text) {
        numbers.append(nil)
      } else if let x = Double(text) {
        numbers.append(x)
      } else {
        return .strings(texts.map { missingWords.contains(trimmed($0)) ? nil : $0 })
      }
    }
    return .numbers(numbers)
  }

  /// Without blanks at both ends: `1, 2` holds two numbers.
  private static func trimmed(_ text: String) -> String {
    guard text.utf8.first == 0x20 || text.utf8.last == 0x20 else { return text }
    var rest = Substring(text)
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return String(rest)
  }

  private static func records(_ bytes: [UInt8]) throws(DataProblem) -> [(
    fields: [String], line: Int
  )] {
    var result: [(fields: [String], line: Int)] = []
    var position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var line = 1
    while position < bytes.count {
      let first = line
      var fields: [String] = []
      var ended = false
      while !ended {
        let (field, next) = try self.field(bytes, position, &line)
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
      if fields != [""] { result.append((fields, first)) }
    }
    return result
  }

  private static func field(_ bytes: [UInt8], _ start: Int, _ line: inout Int) throws(DataProblem)
    -> (String, Int)
  {
    var position = start
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
      position += 1
    }
    guard position < bytes.count, bytes[position] == 0x22 else {
      while position < bytes.count, ![0x2C, 0x0A, 0x0D].contains(bytes[position]) {
        if bytes[position] == 0x22 {
          throw DataProblem("line \(line) has a quote inside a field that does not begin with one")
        }
        position += 1
      }
      return (try text(trimmed(bytes[start..<position]), line), position)
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
          guard position >= bytes.count || [0x2C, 0x0A, 0x0D].contains(bytes[position]) else {
            throw DataProblem("line \(line) has text behind a closing quote")
          }
          return (try text(content[...], line), position)
        }
        position += 1
      }
      if bytes[position] == 0x0A { line += 1 }
      content.append(bytes[position])
      position += 1
    }
    throw DataProblem("the quote that begins in line \(first) is not closed")
  }

  /// Without blanks at both ends.
  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    var rest = bytes.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  private static func text(_ bytes: ArraySlice<UInt8>, _ line: Int) throws(DataProblem) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataProblem("line \(line) is not UTF-8")
    }
    return text
  }
}
