"""numexpr: fused expressions on several threads; the gradient written out."""

import common
import numexpr
import numpy as np

numexpr.set_num_threads(common.THREADS)
random = np.random.default_rng(0)


def chain():
    values = {}
    for n in common.SIZES:
        a, b, c = (random.standard_normal(n, np.float32) for _ in range(3))
        one, two = np.float32(1), np.float32(2)

        def forward():
            return numexpr.evaluate("sum(tanh(a * b + c) * exp(-a * a))")

        def both():
            t, e = numexpr.evaluate("tanh(a * b + c)"), numexpr.evaluate("exp(-a * a)")
            dc = numexpr.evaluate("e * (one - t * t)")
            return (numexpr.evaluate("sum(t * e)"), dc, numexpr.evaluate("dc * a"),
                    numexpr.evaluate("dc * b - two * a * t * e"))

        values[f"forward {n}"] = common.each(forward) / n * 1e9
        values[f"both {n}"] = common.each(both) / n * 1e9
    return values


common.main(dict(W8=chain))
