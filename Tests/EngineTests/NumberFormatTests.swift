import Engine
import Testing

@Suite("Numbers as text")
struct NumberFormatTests {
  @Test("the shortest text reads back as the same double")
  func doubles() throws {
    var stream = RandomStream(seed: 3)
    for _ in 0..<20_000 {
      let low = UInt64(stream.nextUniform() * 0x1p32)
      let bits = UInt64(stream.nextUniform() * 0x1p32) << 32 | low
      let x = Double(bitPattern: bits)
      guard x.isFinite else { continue }
      let text = NumberFormat.shortest(x)
      #expect(Double(text)?.bitPattern == x.bitPattern, "\(text)")
      #expect(text.count <= 24)
    }
  }

  @Test("the shortest text reads back as the same float")
  func floats() throws {
    var stream = RandomStream(seed: 4)
    for _ in 0..<20_000 {
      let x = Float(bitPattern: UInt32(stream.nextUniform() * 0x1p32))
      guard x.isFinite else { continue }
      let text = NumberFormat.shortest(x)
      #expect(Float(text)?.bitPattern == x.bitPattern, "\(text)")
    }
  }

  @Test(
    "whole numbers of every size read back", arguments: [1, -1, 3, 7.5, 9.999, 1.2345678901234567])
  func magnitudes(_ mantissa: Double) {
    var x = mantissa * 1e-20
    while x.magnitude < 1e30 {
      #expect(Double(NumberFormat.shortest(x)) == x)
      #expect(Float(NumberFormat.shortest(Float(x))) == Float(x))
      x *= 10
    }
  }

  @Test(
    "spelling",
    arguments: [
      (5, "5"), (-5, "-5"), (0.5, "0.5"), (0, "0"), (-0.0, "-0"), (1e15, "1000000000000000"),
      (9_007_199_254_740_992, "9007199254740992"), (1e16, "1e+16"), (1.5e16, "1.5e+16"),
      (1e20, "1e+20"), (1e100, "1e+100"), (0.0001, "0.0001"), (0.00001, "1e-05"),
      (1.5e-7, "1.5e-07"), (1e-100, "1e-100"), (.leastNonzeroMagnitude, "5e-324"), (.nan, "nan"),
      (.infinity, "inf"), (-.infinity, "-inf"), (0.1 + 0.2, "0.30000000000000004"),
    ] as [(Double, String)])
  func spelling(_ x: Double, _ text: String) {
    #expect(NumberFormat.shortest(x) == text)
  }

  @Test("floats are as short as floats can be")
  func shortFloats() {
    #expect(NumberFormat.shortest(Float(0.1)) == "0.1")
    #expect(NumberFormat.shortest(Float(16_777_216)) == "16777216")
    #expect(NumberFormat.shortest(Float(1e10)) == "10000000000")
    #expect(NumberFormat.shortest(Float.nan) == "nan")
    #expect(NumberFormat.shortest(-Float.infinity) == "-inf")
  }

  @Test(
    "significant digits",
    arguments: [
      (0.3775, "0.377500"), (1.10591, "1.10591"), (123456.7, "123457"), (5, "5"), (0, "0"),
      (1e-9, "1e-09"), (1.25e8, "125000000"), (1.25e12, "1.25e+12"), (-0.5, "-0.500000"),
      (.nan, "nan"), (.infinity, "inf"), (999_999.7, "1000000"), (1.5e-5, "1.5e-05"),
      (1.234_567_89e15, "1.23457e+15"),
    ] as [(Double, String)])
  func significant(_ x: Double, _ text: String) {
    #expect(NumberFormat.significant(x) == text)
  }
}

@Suite("Format specs")
struct FormatSpecTests {
  @Test("as Python writes it")
  func python() throws {
    for (value, spec, text) in FormatVectors.all {
      let result = try FormatSpec(parsing: spec).apply(value)
      #expect(result == text, "format(\(value), '\(spec)')")
    }
  }

  @Test("zeros before the width fill on either side")
  func zeros() throws {
    #expect(try FormatSpec(parsing: "<05").apply(3) == "30000")
    #expect(try FormatSpec(parsing: "*<05").apply(3) == "3****")
    #expect(try FormatSpec(parsing: "05").apply(-3) == "-0003")
    #expect(try FormatSpec(parsing: "014,.2f").apply(-1234.5) == "-00,001,234.50")
  }

  @Test("what is not finite")
  func notFinite() throws {
    #expect(try FormatSpec(parsing: "6.1f").apply(.nan) == "   nan")
    #expect(try FormatSpec(parsing: "+.1f").apply(.infinity) == "+inf")
    #expect(try FormatSpec(parsing: "8").apply(-.infinity) == "    -inf")
    #expect(try FormatSpec(parsing: "%").apply(.nan) == "nan%")
    #expect(try FormatSpec(parsing: "d").apply(.infinity) == "inf")
  }

  @Test("strings are cut and padded")
  func strings() throws {
    #expect(try FormatSpec(parsing: "5").apply("ab") == "ab   ")
    #expect(try FormatSpec(parsing: ">5").apply("ab") == "   ab")
    #expect(try FormatSpec(parsing: "*^6s").apply("ab") == "**ab**")
    #expect(try FormatSpec(parsing: ".3").apply("abcdef") == "abc")
    #expect(try FormatSpec(parsing: "").apply("") == "")
  }

  @Test(
    "what is no spec is a problem",
    arguments: ["q", ".", "5.", "1001", ".1001", "99999999999999999999", "5 ", "dd", ",,"])
  func wrong(_ text: String) {
    #expect(throws: FormatSpec.Problem.self) { try FormatSpec(parsing: text) }
  }

  @Test("values that a spec is not for")
  func misused() throws {
    #expect(throws: FormatSpec.Problem.self) { try FormatSpec(parsing: "d").apply(0.5) }
    #expect(throws: FormatSpec.Problem.self) { try FormatSpec(parsing: "d").apply(1e300) }
    #expect(throws: FormatSpec.Problem.self) { try FormatSpec(parsing: "s").apply(5) }
    #expect(throws: FormatSpec.Problem.self) { try FormatSpec(parsing: "d").apply("x") }
  }

  @Test("the widest and the most precise numbers")
  func extremes() throws {
    #expect(try FormatSpec(parsing: "1000").apply(1).count == 1000)
    #expect(try FormatSpec(parsing: ".400f").apply(-1e308).count == 711)
    #expect(NumberFormat.fixed(1, digits: -3) == "1")
  }
}
