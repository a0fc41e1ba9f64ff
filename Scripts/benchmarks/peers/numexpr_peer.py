"""numexpr: fused expressions on several threads; the gradient written out."""

import common
import numexpr
import numpy as np

numexpr.set_num_threads(common.THREADS)
random = np.random.default_rng(0)


def chain():
    values, evaluate = {}, numexpr.evaluate
    for n in common.SIZES:
        a, b, c = (random.standard_normal(n, np.float32) for _ in range(3))
        names = dict(a=a, b=b, c=c, one=np.float32(1), two=np.float32(2))

        def forward():
            return evaluate("sum(tanh(a * b + c) * exp(-a * a))", names)

        def both():
            t, e = evaluate("tanh(a * b + c)", names), evaluate("exp(-a * a)", names)
            more = dict(names, t=t, e=e)
            dc = more["dc"] = evaluate("e * (one - t * t)", more)
            return (evaluate("sum(t * e)", more), evaluate("dc * b - two * a * t * e", more),
                    evaluate("dc * a", more), dc)

        values[f"forward {n}"] = common.each(forward) / n * 1e9
        values[f"both {n}"] = common.each(both) / n * 1e9
    return values


common.main(dict(W8=chain))
