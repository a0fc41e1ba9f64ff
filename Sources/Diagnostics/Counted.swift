/// So many of something in words: `one axis`, `3 axes`.
package func counted(_ count: Int, _ singular: String, _ plural: String? = nil) -> String {
  count == 1 ? "one \(singular)" : "\(count) \(plural ?? singular + "s")"
}
