// One session: variables, graph, output, working folder. The prompt, a file and a test are faces
// of it.

import Autodiff
import Diagnostics
import Engine
import Syntax

/// How a source is run.
package enum RunMode {
  /// Only `print` writes.
  case file
  /// The value of a bare expression is shown and kept in `ans`.
  case entry
  /// The values of bare expressions are printed.
  case code
}

/// Where long work shows how far it is.
package protocol ProgressFace: AnyObject {
  /// Columns of a line that is drawn again and again; nil where lines can only follow each other.
  var liveWidth: Int? { get }
  /// Draws the live line, if it is time to; the text is made only then.
  func draw(_ text: () -> String)
  /// Takes the live line away.
  func clear()
  /// A line that stays.
  func line(_ text: String)
}

package final class Session {
  package let graph = Graph()
  package let globals = Globals()
  let handles = TensorHandles()
  /// Where `print` and echoes go.
  package var output: (StyledText) -> Void
  /// Told about what is probably a mistake and stops nothing; writes it to `output` at first.
  package var warn: (Diagnostic) -> Void
  /// Where long work shows how far it is, nil where nobody looks.
  package var progress: (any ProgressFace)?
  /// Told about every call of an object and what it gave, nil where it failed.
  package var watch: ((any ForeignObject, Value?) -> Void)?
  /// Files that the face brings with it, by path; others are those of the disk.
  package var attachedFile: (String) -> [UInt8]? = { _ in nil }
  /// What shows a drawing, an SVG, as a picture so many columns wide; nil where the face has none.
  package var inlinePicture: ((_ svg: String, _ columns: Int) -> String?)?
  /// Columns of the face, for tables and plots.
  package var width = 80
  package var functions: [HostFunction] = []
  /// Properties of tensors (`x.f64`) that the library installs.
  package var tensorProperties: [String: (Node, Session) throws -> Value] = [:]
  /// What `>>` makes of its stages may be any callable; set by the library for other values.
  package private(set) var sources: [SourceText] = []
  private var sourceIDs: [ObjectIdentifier: Int32] = [:]
  /// Whether loops over plain numbers are specialised; results are the same without.
  package var specializesLoops = true
  lazy var machine: Machine = {
    let machine = Machine(self)
    globals.retire = { [unowned machine] in machine.retire($0) }
    return machine
  }()
  var journal = Journal()
  /// Turns of loops that the running statement finished, with stores to params.
  var trainedTurns = 0
  var undoHistory = UndoHistory()
  /// Columns of the terminal that values, help and errors are fitted to; nil writes them whole.
  package var columns: Int?
  /// Lets somebody look around between two steps of a training or turns of a loop, after a wish to
  /// interrupt it; true goes on.
  package var pause: ((_ place: String?) -> Bool)?
  /// The functions that wait while somebody looks around, the innermost first.
  package private(set) var paused: [FrameSnapshot] = []
  /// Whether what runs is no loop to pause in.
  private var stopsAtOnce = false
  /// Told about a statement of an entry that worked and has no value to show.
  package var worked: ((Statement) -> Void)?
  /// Told once for each place in the source where an operand is stretched: `b [3] stretched over the
  /// rows of [4, 3]`.
  package var stretched: ((String) -> Void)?
  var stretchedPlaces: Set<Origin> = []
  /// What the names in the body of the last loop at the top level had when it ended.
  package internal(set) var lastLocals: [(name: String, value: Value)] = []
  /// Tells how a value came about that a param refused; installed by the library.
  package var refusalStory: (RefusedStore) -> [String] = { _ in [] }
  /// Called when a statement has run, before what it recorded is computed.
  private var beforeCompute: (() throws -> Void)?
  /// Whether a program is only tried: nothing is written to files.
  package var isRehearsal = false
  /// Files that a whole run would have written by now.
  package var unwritten: Set<String> = []
  /// Whether the frames of a failure are kept.
  package var keepsFrames = false
  /// The functions that ran when something failed last, the innermost first.
  package var failure: [FrameSnapshot] = []
  package internal(set) var tests: [(name: String, chunk: Chunk)] = []
  package internal(set) var testProblems: [any Error] = []
  var modules: [String: Value] = [:]
  /// Elements of long lists that are to be let go.
  package let discards = Discards()
  /// Where the names are defined that the running source has not got to yet.
  var upcoming: [String: SourceSpan] = [:]
  var importing: [String] = []
  /// Bytes made since somebody looked at how many are in use.
  var unchecked = 0
  /// Values named by the text that is being made, and how deep inside it we are.
  var shown = 0
  var isInsideText = 0

  package init(output: @escaping (StyledText) -> Void) {
    self.output = output
    warn = { output(DiagnosticRenderer.render($0)) }
    graph.keeper = handles
    graph.willChange = { [unowned self] parameter in journal.note(parameter) }
  }

  deinit {
    graph.close()
    graph.keeper = nil
  }

  package func install(_ functions: [HostFunction]) {
    for function in functions {
      self.functions.append(function)
      globals.installBuiltin(function.name, .function(HostFunctionObject(function)))
    }
  }

  package func installConstant(_ name: String, _ value: Value) {
    globals.installBuiltin(name, value)
  }

  package func define(_ name: String, _ value: Value) {
    globals[globals.define(name)] = value
  }

  func sourceID(_ source: SourceText) -> Int32 {
    if let id = sourceIDs[ObjectIdentifier(source)] { return id }
    sources.append(source)
    sourceIDs[ObjectIdentifier(source)] = Int32(sources.count - 1)
    return Int32(sources.count - 1)
  }

  /// The source and place of an origin, nil for what no source made.
  package func span(_ origin: Origin) -> SourceSpan? {
    guard origin.source >= 0, Int(origin.source) < sources.count else { return nil }
    return SourceSpan(
      sources[Int(origin.source)], TextRange(Int(origin.lower), Int(origin.upper)))
  }

}

// MARK: - Running

extension Session {
  /// Runs a source. Syntax and name errors are found before anything runs; a statement that fails
  /// is undone as a whole. Gives the value of the last bare expression.
  ///
  /// Its expressions see the names of `frame` before the session's own; what it updates changes
  /// in `call`, if that still runs.
  @discardableResult
  package func run(
    _ source: SourceText, mode: RunMode = .file, seeing frame: [(name: String, value: Value)],
    of call: FrameSnapshot? = nil
  ) throws -> Value? {
    if frame.isEmpty { return try run(source, mode: mode) }
    return try globals.shadowing(frame) {
      try run(source, mode: mode)
    } updated: { name, value in
      guard let call else { return }
      try machine.set(name, at: call.level, to: value)
      paused = machine.snapshots()
    }
  }

  /// Runs a source, as above.
  @discardableResult
  package func run(_ source: SourceText, mode: RunMode = .file) throws -> Value? {
    let (program, diagnostics) =
      mode == .entry ? Parser.parseEntry(source) : Parser.parse(source)
    guard diagnostics.isEmpty else { throw DiagnosticList(diagnostics) }
    declare(program.statements, source)
    defer { program.statements.forEach { forgetUpcoming($0) } }
    var compiled: [(statement: Statement, chunk: Chunk)] = []
    var problems: [Diagnostic] = []
    for statement in program.statements where problems.count < Session.maximumDiagnostics {
      do { compiled.append((statement, try compile(statement, source))) } catch {
        guard let diagnostic = error as? Diagnostic else { throw error }
        problems.append(diagnostic)
      }
    }
    guard problems.isEmpty else { throw DiagnosticList(problems) }
    var last: Value?
    for (statement, chunk) in compiled {
      let value = try runStatement(chunk)
      forgetUpcoming(statement)
      let isEcho = isEcho(statement)
      last = isEcho ? value : nil
      if isEcho {
        try show(value, mode, label(statement, source))
      } else if mode == .entry {
        worked?(statement)
      }
      // A training that was interrupted ends well; the program ends behind it.
      if mode != .entry, Interrupts.isRequested { throw Problem(.interrupt, "interrupted") }
    }
    return last
  }

  /// Runs a file as if each of its statements had been typed at the prompt: one that fails is told
  /// and keeps no other from running, as long as `report` says true.
  package func runEach(_ source: SourceText, report: (any Error) -> Bool) {
    let (program, diagnostics) = Parser.parse(source)
    guard diagnostics.isEmpty else {
      _ = report(DiagnosticList(diagnostics))
      return
    }
    declare(program.statements, source)
    for statement in program.statements {
      do { _ = try runOne(statement, source) } catch {
        guard report(error) else { return }
      }
    }
  }

  private func show(_ value: Value, _ mode: RunMode, _ label: String?) throws {
    if case .none = value { return }
    switch mode {
    case .file: break
    case .code:
      if case .foreign = value { return output(try describe(value)) }
      output(StyledText(try display(value)))
    case .entry:
      output(try echoText(value, label: label))
      let slot = globals.define("ans")
      undoHistory.noteAnswer(slot, globals[slot])
      globals[slot] = value
    }
  }

  private func isEcho(_ statement: Statement) -> Bool {
    if case .expression = statement.kind { return true }
    return false
  }

  /// Name errors that one source may have before the rest of it isn't worth reading.
  private static let maximumDiagnostics = 20

  /// What a value is called that an entry asks for by name or path: `net[0].weight`.
  private func label(_ statement: Statement, _ source: SourceText) -> String? {
    guard case .expression(let expr) = statement.kind else { return nil }
    switch expr.kind {
    case .name, .field, .index: break
    default: return nil
    }
    let text = source.slice(expr.range)
    return text.count <= 40 && !text.contains("\n") ? text : nil
  }

  /// Makes slots for everything the program defines at its top level, so that functions may use
  /// what is defined after them.
  package func declare(_ statements: [Statement], _ source: SourceText) {
    for statement in statements {
      let hides: Bool
      switch statement.kind {
      case .function, .model: hides = true
      default: hides = false
      }
      for name in statement.definedNames where hides || globals.slot(name.name) == nil {
        globals.define(name.name)
        expect(name, source)
      }
    }
  }

  /// A name will have a value when its statement has run.
  func expect(_ name: Identifier, _ source: SourceText) {
    if upcoming[name.name] == nil { upcoming[name.name] = SourceSpan(source, name.range) }
  }

  private func forgetUpcoming(_ statement: Statement) {
    for name in statement.definedNames { upcoming[name.name] = nil }
  }

  /// Compiles and runs one statement.
  package func runOne(_ statement: Statement, _ source: SourceText) throws -> Value {
    declare([statement], source)
    defer { forgetUpcoming(statement) }
    return try runStatement(try compile(statement, source))
  }

  /// Every error as diagnostics.
  package func diagnostics(_ error: any Error) -> [Diagnostic] {
    switch error {
    case let list as DiagnosticList: list.diagnostics
    case let diagnostic as Diagnostic: [diagnostic]
    case let problem as Problem:
      [Diagnostic(problem.kind, problem.message, notes: problem.notes, help: problem.help)]
    case let placed as PlacedProblem: diagnostics(placed.problem)
    case let problem as OperatorProblem:
      [
        Diagnostic(
          DiagnosticKind(rawValue: problem.kind.rawValue) ?? .value, problem.message,
          at: span(problem.origin), help: problem.help)
      ]
    default: [Diagnostic(.internal, "\(error)")]
    }
  }

  /// Throws where only a whole run would have written a file that is read.
  package func checkIsThere(_ path: String) throws {
    guard unwritten.contains(path) else { return }
    throw Problem(.interrupt, "\(path) is written in a whole run only")
  }

  private func compile(_ statement: Statement, _ source: SourceText) throws -> Chunk {
    let compiler = FunctionCompiler(
      session: self, parent: nil, name: "", source: source,
      captured: NameCollector.captured(by: [statement]), isTopLevel: true)
    compiler.span = statement.range
    compiler.chunk.range = statement.range
    let value = try compiler.statement(statement, wantsValue: true)
    let result = value ?? compiler.none()
    compiler.emit(.returnValue, result)
    return compiler.chunk
  }

  /// Runs one statement; on failure everything is as it was before it, or before the unfinished
  /// turn of its loop.
  func runStatement(_ chunk: Chunk) throws -> Value {
    var outer = journal
    journal = Journal(settings)
    let (isNested, mark) = (machine.depth > 0, undoHistory.enter())
    if !isNested {
      trainedTurns = 0
      graph.trail.end()
    }
    defer {
      if isNested { outer.absorb(journal) }
      journal = outer
    }
    do {
      let value = try machine.run(ClosureObject(chunk), [], given: .max, isTraining: false)
      if !isNested { try beforeCompute?() }
      try finish()
      undoHistory.leave(mark)
      note(chunk)
      return value
    } catch {
      rollBack()
      undoHistory.leave(mark)
      // The finished turns of a loop stay, and can be taken back.
      if !journal.statement.isEmpty { note(chunk) }
      let located =
        error is Diagnostic || error is DiagnosticList
        ? error : located(error, at: [(chunk, chunk.code.count - 1)], values: [])
      guard var diagnostic = located as? Diagnostic else { throw located }
      if let refused = graph.takeRefused() { diagnostic.notes += refusalStory(refused) }
      guard trainedTurns > 0, !isNested, !isRehearsal else { throw diagnostic }
      diagnostic.notes.append(
        trainedTurns == 1
          ? "the finished turn of the loop before it stays"
          : "the \(trainedTurns) finished turns of the loop before it stay")
      throw diagnostic
    }
  }

  /// The plan that a statement's end runs, nil where nothing is left to compute. What the statement
  /// changes is taken back.
  package func planned(isTimed: Bool = false, _ run: () throws -> Void) throws -> PlanReport? {
    var report: PlanReport?
    let recognises = graph.recognisesTurns
    graph.recognisesTurns = false
    beforeCompute = { [unowned self] in report = try graph.pendingPlan(isTimed: isTimed) }
    defer {
      beforeCompute = nil
      graph.recognisesTurns = recognises
    }
    try withoutTrace(run)
    return report
  }

  private func note(_ chunk: Chunk) {
    undoHistory.add(journal, text: chunk.source.slice(chunk.range), now: settings)
  }

  /// Computes what is held and lets history go.
  private func finish() throws { try graph.flush() }

  /// The end of a turn of a loop: one plan for everything since the last one.
  ///
  /// A turn at the top level is finished, and so is one that trained, in whatever function: steps of
  /// training stay when a later one fails.
  /// Gives whether something was computed.
  func endOfTurn(_ kind: LoopKind, level: Int) throws -> Bool {
    let isTopLevel = kind == .topLevel
    let (hasTrained, hasComputed) = (!graph.pendingStores.isEmpty, graph.wantsFlush)
    if graph.wantsFlush { try graph.flush() }
    if isTopLevel || hasTrained { finishTurn() }
    if hasTrained { trainedTurns += 1 }
    graph.trail.endTurn(level: isTopLevel ? level : nil, hasTrained: hasTrained)
    guard Interrupts.isPauseRequested, kind != .comprehension else { return hasComputed }
    if isTopLevel || hasTrained || isPlaceToPause {
      machine.hasPaused = true
      try pauseOrStop()
    }
    return hasComputed
  }

  /// Whether the end of a turn that finishes nothing will do for a pause: there is no other loop
  /// around it whose turn may end soon, or it did not.
  private var isPlaceToPause: Bool {
    pausesLoops && (machine.loops == 1 || Interrupts.secondsSinceRequest > 0.3)
  }

  private func rollBack() {
    journal.restoreTurn(self)
    graph.forgetPending()
  }

  /// Calls a value with arguments from Swift.
  package func call(
    _ function: Value, _ arguments: [Value], named: [(String, Value)] = [], isTraining: Bool = false
  ) throws -> Value {
    do {
      return try call(
        function,
        Arguments(
          arguments + named.map(\.1),
          names: [String?](repeating: nil, count: arguments.count) + named.map { $0.0 }),
        isTraining: isTraining)
    } catch { throw inner(error, function) }
  }
}

extension Session {
  /// For objects of the library with state of their own (optimizers): call before changing it.
  package func willChange(_ object: AnyObject, _ save: @escaping () -> () -> Void) {
    journal.note(object, save)
  }
}

extension Session {
  var settings: Journal.Settings {
    Journal.Settings(random: graph.random, dtype: graph.defaultDType)
  }

  /// Takes back what was done since the last finished turn.
  package func dropTurn() { rollBack() }

  /// The end of a turn: finished ones stay when a later one fails.
  package func finishTurn() {
    if undoHistory.keepsSteps { undoHistory.addStep(journal.unfinished) }
    journal.checkpoint(settings)
  }

  /// Whether work goes on after an interrupt: somebody looked around and wants it to.
  package func goesOn(_ place: String? = nil) -> Bool {
    guard let pause else { return false }
    Interrupts.clear()
    self.pause = nil
    let outer = paused
    paused = machine.snapshots()
    defer { (self.pause, paused) = (pause, outer) }
    guard withPromptInterrupts({ pause(place) }) else { return false }
    // What was done meanwhile stays when the next turn fails.
    journal.checkpoint(settings)
    return true
  }

  private func pauseOrStop() throws {
    let name = machine.depth > 0 ? machine.top.pointee.chunk.name : ""
    if !goesOn(name.isEmpty ? nil : name) { throw Problem(.interrupt, "interrupted") }
  }

  /// Where somebody can look around, a first interrupt waits for the end of a loop's turn.
  func loopsBegin() {
    if pausesLoops { Interrupts.waitsForTurn = true }
  }

  func loopsEnd() { Interrupts.waitsForTurn = false }

  private var pausesLoops: Bool { pause != nil && !stopsAtOnce }

  /// Runs something that an interrupt reaches at once, not only at the end of a turn.
  package func withPromptInterrupts<T>(_ body: () throws -> T) rethrows -> T {
    let outer = (Interrupts.waitsForTurn, stopsAtOnce)
    (Interrupts.waitsForTurn, stopsAtOnce) = (false, true)
    defer { (Interrupts.waitsForTurn, stopsAtOnce) = outer }
    return try body()
  }
}
