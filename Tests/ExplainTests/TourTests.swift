// The stepper's places: forwards and back, into steps and out, the same digits as the gradients.

import Autodiff
import Engine
import Explain
import Testing

@Suite("Tours")
struct TourTests {
  private func text(_ tour: WalkTour) throws -> String {
    FrameText.render(
      try tour.frame(), index: tour.index, count: tour.count, origin: nil, keys: "", WalkLayout()
    ).plain
  }

  @Test(
    "N frames on and N back are the same frames", arguments: ScalarWalkTests.operators.map(\.name))
  func thereAndBack(_ name: String) throws {
    let op = try #require(ScalarWalkTests.operators.first { $0.name == name })
    let sample = try #require(op.samples.first { SampleWalk.isSmall($0) })
    let run = try SampleWalk(op, sample, seed: 2)
    var tour = try WalkTour(run.loss)
    var frames = [try text(tour)]
    while tour.next() { frames.append(try text(tour)) }
    #expect(frames.count == tour.count)
    for frame in frames.reversed().dropFirst() {
      let moved = tour.previous()
      #expect(moved)
      #expect(try text(tour) == frame)
    }
    let isAtStart = !tour.previous()
    #expect(isAtStart)
  }

  @Test("frames have the gradients' digits", arguments: ScalarWalkTests.operators.map(\.name))
  func digits(_ name: String) throws {
    let op = try #require(ScalarWalkTests.operators.first { $0.name == name })
    let sample = try #require(op.samples.first { SampleWalk.isSmall($0) })
    let run = try SampleWalk(op, sample, seed: 3)
    let walk = try Walk(run.loss)
    var tour = try WalkTour(run.loss)
    while tour.next() {
      let frame = try tour.frame()
      guard frame.half == .backward else { continue }
      for line in frame.lines {
        let part = walk.steps.flatMap(\.parts).first { line.subject.hasPrefix($0.gradientName) }
        let values = try #require(part).value
        #expect(values.contains { ($0 - line.result).magnitude <= 1e-12 * max(1, $0.magnitude) })
      }
    }
  }

  @Test("into a step and out again is the same frame")
  func intoAndOut() throws {
    let op = try #require(ScalarWalkTests.operators.first { $0.name == "softmax" })
    let run = try SampleWalk(op, op.samples[0], seed: 1)
    var tour = try WalkTour(run.loss)
    let outside = try text(tour)
    let entered = try tour.enter()
    #expect(entered)
    #expect(try text(tour) != outside)
    let left = tour.leave()
    #expect(left)
    #expect(try text(tour) == outside)
    tour.flip()
    #expect(try tour.frame().half == .backward)
    tour.flip()
    #expect(try text(tour) == outside)
  }
}
