// A program is checked: every statement is tried, long ones for a moment, nothing is written, and what
// depends on a fault is left out.

import Diagnostics
import Engine
import Interpreter
import Syntax

/// The faults of one program.
package final class ProgramCheck {
  private let source: SourceText
  private let folder: String
  private let session: Session
  private(set) var diagnostics: [Diagnostic] = []
  /// Names that have no value because of a fault.
  private var unknown: Set<String> = []
  /// What functions and models use, by name.
  private var uses: [String: Set<String>] = [:]
  /// Whether a statement was ended before it was done: values are not those of a whole run.
  private var isCut = false
  /// Whether a statement failed that had not been ended.
  private var hasFailed = false
  private var used = 0.0
  /// Time of the processor for a whole program, and for a statement.
  private let most: (program: Double, statement: Double)
  /// Whether it is an entry: its faults are those of the session that goes on with it.
  private let isEntry: Bool
  private static let maximum = 50

  private init(_ source: SourceText, folder: String) {
    (self.source, self.folder) = (source, folder)
    session = Library.makeSession { _ in }
    (most, isEntry) = ((0.7, 0.12), false)
    session.isRehearsal = true
  }

  /// For an entry in a session that is not needed any more.
  init(entry source: SourceText, _ session: Session, seconds: Double) {
    (self.source, self.session, folder) = (source, session, "")
    (most, isEntry) = ((seconds, seconds / 4), true)
    session.isRehearsal = true
  }

  /// The faults of an entry that stand behind something which takes long; it has been parsed.
  func faults(behindLong statements: [Statement]) -> [Diagnostic] {
    session.warn = { _ in }
    session.declare(statements, source)
    for statement in statements {
      check(statement)
      guard isCut || !hasFailed else { return [] }
    }
    return sorted.filter { !$0.isWarning }
  }

  /// Everything that is wrong, in the order of the source; warnings among it.
  package static func diagnostics(of source: SourceText, folder: String) -> [Diagnostic] {
    let (plain, holes) = CheckHoles.found(in: source)
    let check = ProgramCheck(plain, folder: folder)
    check.run()
    guard !holes.isEmpty else { return check.sorted }
    // No size fits while something else is wrong: that comes first.
    let others = check.sorted.filter { !$0.isWarning && $0.kind != .shape }
    guard others.isEmpty else { return others }
    let told = CheckHoles(source, folder, holes, check.session).diagnostics()
    return (told + check.sorted.filter { !CheckHoles.concerns($0, told) }).sorted(
      by: ProgramCheck.isBefore)
  }

  /// Whether no shape is wrong in a program.
  static func fits(_ source: SourceText, folder: String) -> Bool {
    let check = ProgramCheck(source, folder: folder)
    check.run()
    return !check.diagnostics.contains { !$0.isWarning }
  }

  private var sorted: [Diagnostic] { diagnostics.sorted(by: ProgramCheck.isBefore) }

  private static func isBefore(_ a: Diagnostic, _ b: Diagnostic) -> Bool {
    (a.span?.range.lower ?? 0) < (b.span?.range.lower ?? 0)
  }

  private func run() {
    session.installConstant("args", .list([]))
    session.installConstant("script_folder", .string(folder))
    session.warn = { [unowned self] in add($0) }
    let (program, problems) = Parser.parse(source)
    for problem in problems where !isMarked(problem.span?.line ?? 0) { add(problem) }
    guard problems.isEmpty else { return }
    for warning in CheckLints(program).found { add(warning) }
    session.declare(program.statements, source)
    for statement in program.statements {
      if case .function(let function) = statement.kind, let name = function.name {
        uses[name.name] = names(in: statement)
      }
      if case .model(let model) = statement.kind { uses[model.name.name] = names(in: statement) }
    }
    for statement in program.statements {
      guard diagnostics.count < ProgramCheck.maximum else { return }
      check(statement)
    }
    if !isCut, !diagnostics.contains(where: { !$0.isWarning }) {
      lookAtGradients(program.statements)
    }
  }

  /// Params that an optimizer was to train and that no gradient reaches, where others got one.
  private func lookAtGradients(_ statements: [Statement]) {
    for statement in statements {
      guard case .define(.name(let name), _) = statement.kind,
        case .foreign(let object)? = session.globals[name.name],
        let parameters = (object as? OptimizerObject)?.optimizer?.parameters
      else { continue }
      let trained = parameters.filter { !$0.isFrozen }
      let idle = trained.filter { $0.gradient == nil }
      guard !idle.isEmpty, idle.count < trained.count else { continue }
      let names = idle.prefix(4).map(\.name).joined(separator: ", ") + (idle.count > 4 ? ", …" : "")
      var warning = Diagnostic(
        .gradient,
        "no gradient reaches \(names): the loss of the last backward does not depend on it",
        at: SourceSpan(source, statement.range))
      warning.isWarning = true
      add(warning)
    }
  }

  // MARK: - Statements

  private func check(_ statement: Statement) {
    guard names(in: statement).allSatisfy({ isKnown($0) }) else { return poison(statement) }
    let left = max(0.01, min(most.statement, most.program - used))
    let start = CheckTimer.used
    var errors: [Diagnostic] = []
    let (_, isCut) = CheckTimer.run(seconds: left) {
      do { _ = try session.runOne(statement, source) } catch {
        errors = session.diagnostics(error)
      }
    }
    used += CheckTimer.used - start
    if isCut || errors.contains(where: { $0.kind == .interrupt }) {
      self.isCut = true
      for name in statement.definedNames where session.globals[name.name] == nil {
        unknown.insert(name.name)
      }
      return lookInside(statement)
    }
    guard !errors.isEmpty else { return }
    hasFailed = true
    poison(statement)
    guard !isExpected(statement) else { return }
    for error in errors where isSure(error) { add(checked(error, statement)) }
  }

  /// What stands in a loop behind what takes long: the body of its first turn, statement by statement.
  /// What the loop changes is not known behind it.
  private func lookInside(_ statement: Statement) {
    defer { if isEntry { poison(statement) } }
    let body: Block
    switch statement.kind {
    case .forLoop(let pattern, let values, let block):
      guard beginTurn(pattern, values) else { return poison(statement) }
      body = block
    case .whileLoop(_, let block): body = block
    default: return
    }
    guard body.statements.count > 1 else { return }
    for inner in body.statements where used < most.program {
      // What leaves the body has no meaning outside of it.
      if ProgramCheck.leaves(inner) { poison(inner) } else { check(inner) }
    }
    // Names of the body are gone behind it; others of the same name are back.
    for inner in body.statements {
      for name in inner.definedNames { unknown.insert(name.name) }
    }
  }

  /// Whether a break, a continue or a return stands in a statement.
  private static func leaves(_ statement: Statement) -> Bool {
    var found = false
    func look(_ statements: [Statement]) {
      for statement in statements {
        switch statement.kind {
        case .breakLoop, .continueLoop, .returnValue: found = true
        default: break
        }
      }
    }
    look([statement])
    visitTree([statement], expression: { _ in }, block: { look($0.statements) })
    return found
  }

  /// Gives the names of a loop its first element; false where there is none.
  private func beginTurn(_ pattern: Pattern, _ values: Expr) -> Bool {
    let name = "the first element"
    var element: Value?
    _ = CheckTimer.run(seconds: 0.02) {
      element = try? session.firstElement(
        of: session.runOne(Statement(.expression(values), values.range), source))
    }
    guard let element else { return false }
    session.define(name, element)
    let definition = Statement(
      .define(pattern, Expr(.name(name), values.range)), values.range)
    return (try? session.runOne(definition, source)) != nil
  }

  /// Whether an error is one of a whole run as well.
  private func isSure(_ error: Diagnostic) -> Bool {
    switch error.kind {
    case .shape, .dtype, .name: true
    case .assert, .memory, .internal, .interrupt, .error: false
    case .file: !isCut && !error.message.hasPrefix("cannot write")
    default: !isCut
    }
  }

  /// Whether the program says that this fails: `# error: shape`.
  private func isExpected(_ statement: Statement) -> Bool {
    let line = source.line(at: max(Int(statement.range.lower), Int(statement.range.upper) - 1))
    return isMarked(line) || isMarked(line + 1, whole: true)
  }

  private func isMarked(_ line: Int, whole: Bool = false) -> Bool {
    let text = source.lineText(line)
    return whole ? text.drop { $0 == " " }.hasPrefix("# error") : text.contains("# error")
  }

  private func isKnown(_ name: String) -> Bool {
    var seen: Set<String> = []
    var rest = [name]
    while let next = rest.popLast() {
      guard seen.insert(next).inserted else { continue }
      if unknown.contains(next) { return false }
      rest += uses[next] ?? []
    }
    return true
  }

  /// What a statement that failed would have given a value has none.
  private func poison(_ statement: Statement) {
    for name in statement.definedNames { unknown.insert(name.name) }
    func assigned(_ statements: [Statement]) {
      for statement in statements {
        if case .assign(let target, _, _) = statement.kind, let name = ProgramCheck.root(target) {
          unknown.insert(name)
        }
        for block in statement.blocks { assigned(block.statements) }
      }
    }
    assigned([statement])
  }

  /// `x` of `x[0].y`
  private static func root(_ target: Expr) -> String? {
    switch target.bare.kind {
    case .name(let name): name
    case .index(let inner, _), .field(let inner, _): root(inner)
    default: nil
    }
  }

  private func names(in statement: Statement) -> Set<String> {
    var names: Set<String> = []
    visitTree([statement]) { expr in
      if case .name(let name) = expr.kind { names.insert(name) }
      if case .methodCall(_, let name, _) = expr.kind { names.insert(name.name) }
    }
    return names
  }

  // MARK: - What is told

  private func add(_ diagnostic: Diagnostic) {
    let isTold = diagnostics.contains {
      $0.message == diagnostic.message && $0.span?.range == diagnostic.span?.range
    }
    guard !isTold, diagnostics.count < ProgramCheck.maximum else { return }
    diagnostics.append(diagnostic)
  }

  /// The error with its suggestion only where the statement works with it.
  private func checked(_ error: Diagnostic, _ statement: Statement) -> Diagnostic {
    guard let help = error.help, let span = error.span, span.source === source,
      let text = ProgramCheck.replacement(help),
      let changed = replaced(span.range, text, in: statement)
    else { return error }
    var again: [Diagnostic] = []
    _ = CheckTimer.run(seconds: 0.05) {
      do { _ = try session.withoutTrace { try session.run(changed) } } catch {
        again = session.diagnostics(error)
      }
    }
    guard again.contains(where: { $0.kind == error.kind }) else { return error }
    var bare = error
    bare.help = nil
    return bare
  }

  /// The expression that a suggestion wants instead of what is marked; nil where it wants something
  /// else.
  static func replacement(_ help: String) -> String? {
    for start in ["write ", "did you mean "] where help.hasPrefix(start) {
      var text = String(help.dropFirst(start.count))
      if text.hasSuffix("?") { text.removeLast() }
      let bare = text.filter { $0 != "'" || start == "write " }
      let (program, problems) = Parser.parse(SourceText(name: "suggestion", text: bare))
      guard problems.isEmpty, program.statements.count == 1,
        case .expression? = program.statements.first?.kind
      else { return nil }
      return bare
    }
    return nil
  }

  private func replaced(_ range: TextRange, _ text: String, in statement: Statement) -> SourceText?
  {
    guard range.lower >= statement.range.lower, range.upper <= statement.range.upper else {
      return nil
    }
    let before = source.slice(TextRange(Int(statement.range.lower), Int(range.lower)))
    let after = source.slice(TextRange(Int(range.upper), Int(statement.range.upper)))
    return SourceText(name: source.name, text: before + text + after)
  }
}
