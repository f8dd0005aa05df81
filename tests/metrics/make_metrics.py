#!/usr/bin/env python3
"""scikit-learn's numbers on made-up answers: writes two.inc (two classes, one score) and many.inc (labels and scores of
several). tests/metrics/test_metrics.c makes the same answers by the same formulas. DeLong's variance is computed here from
the definition, each positive image against each negative one; scipy has the intervals' quantiles."""

import os
import numpy
import scipy.special
import scipy.stats
import sklearn
import sklearn.metrics as metrics

FOLDER = os.path.dirname(os.path.abspath(__file__))
Z = scipy.stats.norm.ppf(0.975)


class Random:  # the same in C
    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return (self.state >> 8) % n


# images, one positive image in so many, distinct scores, how far positives score above negatives
TWO = [(10, 2, 16, 4), (60, 3, 8, 2), (400, 5, 1000, 250), (400, 2, 100000, 60000), (5, 2, 4, 0), (300, 30, 40, 0)]


def two(seed, n, one_in, levels, lead):
    r = Random(seed)
    labels = [int(r.below(one_in) == 0) if i > 1 else i for i in range(n)]
    scores = [(r.below(levels) + lead * label) / 131072 for label in labels]
    return numpy.array(labels), numpy.array(scores)


def delong(labels, scores):
    x, y = scores[labels == 1], scores[labels == 0]
    psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    auc = psi.mean()
    if len(x) < 2 or len(y) < 2:
        return auc, numpy.nan, numpy.nan
    half = Z * numpy.sqrt(psi.mean(1).var(ddof=1) / len(x) + psi.mean(0).var(ddof=1) / len(y))
    return auc, max(auc - half, 0), min(auc + half, 1)


def wilson(hits, n):
    p = hits / n  # the two roots of (p - q)^2 = z^2 q (1 - q) / n
    roots = numpy.sort(numpy.roots([1 + Z**2 / n, -2 * p - Z**2 / n, p * p]).real)
    return [p, max(roots[0], 0), min(roots[1], 1)]


def logit(ap, m):
    if ap == 1:
        return [ap, numpy.nan, numpy.nan]
    middle, half = numpy.log(ap / (1 - ap)), Z / numpy.sqrt(m * ap * (1 - ap))
    return [ap, scipy.special.expit(middle - half), scipy.special.expit(middle + half)]


# images, classes that labels and answers are drawn from, out of so many there are, how often the answer is right
MANY = [(50, 3, 3, 2), (200, 7, 10, 3), (1000, 10, 10, 1), (9, 2, 6, 4)]


def many(seed, n, used, classes, right):
    r = Random(seed)
    labels = numpy.array([r.below(used) for _ in range(n)])
    scores = numpy.array([[r.below(1 << 20) + (right << 18) * (c == labels[i]) for c in range(classes)] for i in range(n)])
    return labels, scores / 2**21


def text(numbers):
    return ", ".join("NAN" if numpy.isnan(x) else "%.17g" % x for x in numbers)


def write(name, rows):
    with open(os.path.join(FOLDER, name), "w") as out:
        out.write("/* Made by make_metrics.py with scikit-learn %s. */\n" % sklearn.__version__)
        out.writelines(row + "\n" for row in rows)


def two_row(seed, case):
    labels, scores = two(seed, *case)
    auc, low, high = delong(labels, scores)
    assert abs(auc - metrics.roc_auc_score(labels, scores)) < 1e-12
    ap = metrics.average_precision_score(labels, scores)
    threshold = numpy.median(scores)
    taken = scores >= threshold
    sensitivity = wilson(int(taken[labels == 1].sum()), int((labels == 1).sum()))
    specificity = wilson(int((~taken[labels == 0]).sum()), int((labels == 0).sum()))
    false, true, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    chosen = [(true - false)[1:].max(), (1 - false)[true >= 0.9].max(), true[1 - false >= 0.9].max()]
    return "{%d, {%s}, %.9gf,\n {%s},\n {%s},\n {%s},\n {%s},\n {%s}}," % (
        seed, text(case), threshold, text([auc, low, high]), text(logit(ap, int(labels.sum()))), text(sensitivity),
        text(specificity), text(chosen))


def many_row(seed, case):
    labels, scores = many(seed, *case)
    answers = scores.argmax(1)
    classes = case[2]
    p, r, f, s = metrics.precision_recall_fscore_support(labels, answers, labels=range(classes), zero_division=0)
    averages = [metrics.precision_recall_fscore_support(labels, answers, average=a, zero_division=0)[:3]
                for a in ("macro", "weighted")]
    top = [metrics.top_k_accuracy_score(labels, scores, k=k, labels=range(classes)) for k in (1, 2, classes - 1)]
    confusion = metrics.confusion_matrix(labels, answers, labels=range(classes))
    return "{%d, {%s},\n {%s},\n {%s},\n {%s},\n {%s},\n {%s}, {%s},\n {%s},\n {%s}}," % (
        seed, text(case), text(p), text(r), text(f), text(s), text(averages[0]), text(averages[1]), text(top),
        text(confusion.flatten()))


write("two.inc", [two_row(i + 1, case) for i, case in enumerate(TWO)])
write("many.inc", [many_row(i + 1, case) for i, case in enumerate(MANY)])
