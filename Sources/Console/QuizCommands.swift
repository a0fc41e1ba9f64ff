// `:quiz`: the gradients of a loss as questions, and what is typed while they are asked.

import Autodiff
import Diagnostics
import Engine
import Explain
import Interpreter
import Lessons
import Library

/// A quiz in progress.
final class QuizRun {
  private var quiz: Quiz
  private let session: Session
  private(set) var question: Quiz.Question?
  private var number = 0
  private var hintGiven = false
  private var tries = 0
  private var right = 0
  private let say: (StyledText) -> Void

  init(_ loss: Node, _ session: Session, say: @escaping (StyledText) -> Void) throws {
    session.graph.keepHistory(since: WalkTour.firstSerial(of: loss))
    quiz = try Quiz(loss)
    (self.session, self.say) = (session, say)
  }

  deinit { session.graph.keepHistory(since: nil) }

  private var layout: WalkLayout { WalkLayout(width: session.width) }

  /// Asks the next question; at the end says how it went.
  func next() throws {
    question = try quiz.ask()
    (hintGiven, tries) = (false, 0)
    guard let question else { return }
    number += 1
    show(question)
  }

  func show(_ question: Quiz.Question) {
    let place = WalkOf.origin(question.node, session)?.place
    say(question.render(number, of: quiz.count, place: place, layout))
  }

  /// What was answered right at the first try, of how many.
  var summary: String {
    number == 0
      ? "There is nothing to ask here: a usual mistake gives the right number everywhere."
      : "\(right) of \(number) right at the first try."
  }

  func hint() {
    guard let question else { return }
    hintGiven = true
    say(StyledText("  \(question.hint)"))
  }

  /// Shows the answer and goes on.
  func solve() throws {
    guard let question else { return }
    say(question.solution(layout))
    try next()
  }

  /// Takes a number for an answer.
  func take(_ value: Double, typed: String?) throws {
    guard let question else { return }
    tries += 1
    switch Exercise.judge(value, typed: typed, answer: question.answer) {
    case .right:
      if tries == 1, !hintGiven { right += 1 }
      say(StyledText("Right.", .strong))
      say(question.solution(layout))
      try next()
    case .tooFewDigits: say(StyledText("Right so far; three digits at least."))
    case .wrong:
      let mistake = question.mistake {
        Exercise.judge(value, typed: typed, answer: $0) == .right
      }
      guard let mistake else {
        say(StyledText(hintGiven ? "Not that. ? shows the answer." : "Not that. Hint:"))
        if !hintGiven { hint() }
        return
      }
      say(StyledText("Not that: \(mistake.words)."))
    }
  }

  /// The names of the walk with their values of then, for expressions.
  var scope: [(name: String, value: Value)] {
    quiz.scope.map { ($0.name, .tensor($0.node)) }
  }
}

extension Command {
  static let quiz: Command = Command(
    name: "quiz", arguments: "[LOSS]",
    summary: "asks for the gradients of a loss, one by one; of the last backward's loss"
  ) { prompt, text in
    try withLoss(prompt, text) { loss in
      let run = try QuizRun(loss, prompt.session) { prompt.show($0) }
      prompt.quiz = run
      prompt.show(
        StyledText(
          "Type a number or an expression.  :hint the rule  ? the answer  :skip goes on  :q leaves\n",
          .dim))
      try run.next()
    }
    prompt.endQuizIfOver()
    return .goOn
  }
}

extension Prompt {
  /// What an entry means while a quiz runs: an answer, a hint, a question left out. False where none
  /// runs or the entry is for the session.
  func takesInQuiz(_ entry: String) throws -> Bool {
    guard let run = quiz, let question = run.question, !entry.isEmpty else { return false }
    switch entry {
    case ":hint": run.hint()
    case "?": try run.solve()
    case ":skip", ":next": try run.next()
    case ":again": run.show(question)
    case ":q":
      show(StyledText(run.summary, .dim))
      quiz = nil
      return true
    default:
      guard !entry.hasPrefix(":") else { return false }
      let source = SourceText(name: "answer", text: entry)
      guard let value = try session.peek(source, seeing: visible(in: source)),
        let number = try session.scalar(value)
      else { return false }
      try run.take(number, typed: Exercise.precision(entry) == nil ? nil : entry)
    }
    endQuizIfOver()
    return true
  }

  func endQuizIfOver() {
    guard let run = quiz, run.question == nil else { return }
    show(StyledText(run.summary, .strong))
    quiz = nil
  }
}
